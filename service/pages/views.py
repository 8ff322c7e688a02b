"""Profile, notes and administration pages."""

from time import sleep, thread_time

from flask import Blueprint, Response, current_app, g
from flask_babel import gettext

from service.accounts.members import Members
from service.errors import RoleTooLow
from service.pages.notes import MAX_TEXT, Notes
from service.web.fields import read_fields, text_field, whole_number_arg
from service.web.negotiation import done, page

MAX_WORK_MS = 1000
MAX_COMPUTE_MS = 100
MEMBERS_SHOWN = 100


def pages_blueprint(notes: Notes, members: Members, synthetic_work: bool) -> Blueprint:
    """Return the pages. With `synthetic_work`, `?work_ms=` lets a request take that much longer (for load tests)."""
    pages = Blueprint("pages", __name__)

    @pages.get("/profile")
    def profile() -> Response:
        """Show who is logged in, by which approach, and which node answered."""
        me = g.identity
        node = current_app.config["NODE_NAME"]
        return page("pages/profile.html", {"member": me.view(), "approach": me.approach, "node": node})

    @pages.get("/notes")
    def list_notes() -> Response:
        """Show my notes."""
        return page("pages/notes.html", {"notes": [note.view() for note in notes.of(g.identity.username)]})

    @pages.post("/notes")
    def add_note() -> Response:
        """Add a note."""
        text = text_field(read_fields(), "text", MAX_TEXT)
        note = notes.add(g.identity.username, text)
        return done({"note": note.view()}, 201, then=f"{g.identity.approach}.protected.pages.list_notes")

    @pages.get("/admin")
    def admin() -> Response:
        """Show the members to an administrator."""
        if g.identity.role != "admin":
            raise RoleTooLow(gettext("Only an administrator sees the list of members."))
        listed = [{**member.view(), "disabled": member.disabled} for member in members.all(MEMBERS_SHOWN)]
        return page("pages/admin.html", {"members": listed})

    if synthetic_work:
        pages.before_request(_work)
    return pages


def _work() -> None:
    """Take `?work_ms=` milliseconds, as a real page does: it waits for a back end, and computes for `?compute_ms=`."""
    milliseconds = whole_number_arg("work_ms", 0, MAX_WORK_MS)
    if milliseconds:
        computing = whole_number_arg("compute_ms", 0, min(milliseconds, MAX_COMPUTE_MS)) or 0
        sleep((milliseconds - computing) / 1000)
        _compute(computing / 1000)


def _compute(seconds: float) -> None:
    """Use this much processor time of this thread."""
    end = thread_time() + seconds
    while thread_time() < end:
        pass
