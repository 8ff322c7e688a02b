"""`/keys`: the lab's own key ring, watched and changed in the browser."""

from lab.pages.keys.routes import keys_blueprint

__all__ = ["keys_blueprint"]
