"""`/keys`: show and change the lab's own key ring in the browser."""

from lab.pages.keys.routes import keys_blueprint

__all__ = ["keys_blueprint"]
