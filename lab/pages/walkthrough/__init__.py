"""The walkthroughs: stories as data, the pages that play them, and the requests that a page cannot send itself."""

from lab.pages.walkthrough.routes import FindRecords, walkthrough_blueprint

__all__ = ["FindRecords", "walkthrough_blueprint"]
