"""The stories told in the browser: data, the pages that play them, and what a page cannot do or see by itself."""

from walkthrough.routes import walkthrough_blueprint

__all__ = ["walkthrough_blueprint"]
