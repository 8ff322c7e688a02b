"""The protected pages, written once and mounted behind every approach. They know the `Identity`, not its origin."""

from service.pages.notes import Notes
from service.pages.views import pages_blueprint

__all__ = ["Notes", "pages_blueprint"]
