"""The protected pages, written once and mounted behind every approach. They depend only on the `Identity`."""

from service.pages.notes import Notes
from service.pages.views import pages_blueprint

__all__ = ["Notes", "pages_blueprint"]
