"""`/study-notes`, and what the other pages say where the lab differs from the notes."""

from flask import Blueprint, Response, make_response, render_template
from flask_babel import get_locale
from flask_babel import lazy_gettext as _

from lab.pages.study_notes.outline import CHAPTERS, STATEMENTS
from lab.pages.walkthrough.stories import STORIES

# Pages as the header names them, and their parts as their own headings do.
NAMES = {
    "/jwt": _("Inside a token"),
    "/jwt#get": _("Get a token"),
    "/jwt#header": _("Header"),
    "/jwt#payload": _("Payload"),
    "/jwt#signature": _("Signature"),
    "/jwt#leak": _("What could leak?"),
    "/jwt#encoding": _("Is it encrypted?"),
    "/jwt#by-hand": _("Make one by hand"),
    "/keys": _("Keys"),
    "/keys#tokens": _("Tokens under different keys"),
    "/keys#ring": _("The ring"),
    "/keys#stolen": _("Steal a key and use it"),
    "/keys#dropped": _("When may a key be deleted?"),
    "/loadtests": _("Load tests"),
    "/loadtests#experiment-memory": "memory",
    "/loadtests#experiment-revocation": "revocation",
    "/scale-out": _("Nodes"),
    "/scale-out#processes": _("What is running here"),
    "/scale-out#round": _("Which nodes recognize you?"),
    "/scale-out#up": _("Scale up, or scale out?"),
    "/storage": _("Storage"),
    "/storage#places": _("Logins in different places"),
    "/tcp": _("TCP"),
    "/tcp#capture": _("What can be read on the way?"),
    "/walkthrough/cases": _("Four cases"),
    "/walkthrough/cases#four-cases": _("The four cases"),
    "/walkthrough/cases#valid-valid": _("Both valid"),
    "/walkthrough/cases#valid-expired": _("Access valid, refresh expired"),
    "/walkthrough/cases#expired-valid": _("Access expired, refresh valid"),
    "/walkthrough/cases#expired-expired": _("Both expired"),
    "/walkthrough/cases#tampering": _("And if one of them was tampered with?"),
    "/walkthrough/cases#theft": _("Why not reissue at once in case 3?"),
}


def study_notes_blueprint() -> Blueprint:
    """Return the page."""
    notes = Blueprint("study_notes", __name__)
    shared = {"differences_at": differences_at, "differences_below": differences_below, "statements_at": statements_at}
    notes.app_context_processor(lambda: shared)

    @notes.get("/study-notes")
    def page() -> Response:
        """Show the outline. The page's script keeps the ticks in the browser."""
        shown = {"chapters": CHAPTERS, "count": len(STATEMENTS), "name_of": name_of}
        return make_response(render_template("study_notes.html", **shown))

    return notes


def name_of(href: str) -> str:
    """Return the names of the page and of its part that a link opens, or of a walk and its step."""
    path, _mark, part = href.partition("#")
    if path in NAMES:
        return " · ".join(str(NAMES[place]) for place in ([path, href] if part else [path]))
    slug, step_id = path.split("/")[2:]
    story = STORIES[slug]
    step = next(step for step in story.steps if step.id == step_id)
    return f"{story.title} · {step.title}"


def differences_at(href: str) -> list[str]:
    """Return where the lab differs from the notes at this place, and why, in the reader's language."""
    found = (statement.differs for statement in STATEMENTS if statement.href == href)
    return [words.said_in(str(get_locale())) for words in dict.fromkeys(found) if words is not None]


def statements_at(href: str) -> list[tuple[int, str]]:
    """Return the numbers of the statements that are seen at this place, and what they say."""
    return [(each.number, each.words.said_in(str(get_locale()))) for each in STATEMENTS if each.href == href]


def differences_below(path: str) -> dict[str, list[str]]:
    """Return the same for every step of a walk, by the step's id."""
    hrefs = {statement.href for statement in STATEMENTS if statement.differs}
    return {href.rpartition("/")[2]: differences_at(href) for href in hrefs if href.rpartition("/")[0] == path}
