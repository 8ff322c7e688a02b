"""What the page's own two places have behind their guard: the profile and the notes, as data for the page's script."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, current_app, g, request

from service.pages.notes import MAX_TEXT, Notes
from service.web.fields import read_fields, text_field
from service.web.headers import VARIES
from service.web.negotiation import json_response


def place_blueprint(
    name: str, prefix: str, guard: Callable[[], None], notes: Notes, more: Mapping[str, Callable[[], Response]] = {}
) -> Blueprint:
    """Return the blueprint of a place. `more`: further views behind the guard, by path.

    The caller adds its log-in and log-out, which need no guard.
    """
    place = Blueprint(name, __name__, url_prefix=prefix)
    place.before_request(_depend_on_cookies)
    protected = Blueprint("protected", __name__)
    protected.before_request(guard)

    @protected.get("/profile")
    def profile() -> Response:
        """Return who is logged in, and which node answered."""
        return json_response({"member": g.identity.view(), "approach": name, "node": current_app.config["NODE_NAME"]})

    @protected.get("/notes")
    def list_notes() -> Response:
        """Return my notes."""
        return json_response({"notes": [note.view() for note in notes.of(g.identity.username)]})

    @protected.post("/notes")
    def add_note() -> Response:
        """Add a note."""
        text = text_field(read_fields(), "text", MAX_TEXT)
        return json_response({"note": notes.add(g.identity.username, text).view()}, 201)

    for path, view in more.items():
        protected.add_url_rule(path, view_func=view)
    place.register_blueprint(protected)
    return place


def _depend_on_cookies() -> None:
    request.environ[VARIES] = "Cookie"
