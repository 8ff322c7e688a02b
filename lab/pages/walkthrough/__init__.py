"""The stories told in the browser: data, the pages that play them, and what a page cannot do or see by itself."""

from lab.pages.walkthrough.routes import Look, walkthrough_blueprint

__all__ = ["Look", "walkthrough_blueprint"]
