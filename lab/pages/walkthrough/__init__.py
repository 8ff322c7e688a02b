"""The stories told in the browser: data, the pages that play them, and what a page cannot do or see by itself."""

from lab.pages.walkthrough.routes import FindRecords, walkthrough_blueprint

__all__ = ["FindRecords", "walkthrough_blueprint"]
