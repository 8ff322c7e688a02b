"""The session store is stopped and started: which logins work meanwhile, and which afterwards?"""

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import CURL, Begun, Mission, Part, Verdict, answer, refused
from lab.trials import Kept
from service.accounts.public_members import LOAD_PASSWORD
from service.errors import BearerError, StoreUnavailable
from service.web.fields import Fields


def begin(ground: Ground) -> Begun:
    """Choose the member. The visitor logs in."""
    username = ground.player().username
    kept = {"member": username, "down_at": None}
    return Begun(kept, {"MEMBER": username, "PASSWORD": LOAD_PASSWORD}, username)


def judge(ground: Ground, kept: Kept, fields: Fields) -> Verdict:
    """Ask the store for the session. While the store does not answer, the token counts; afterwards the session."""
    token, session_id = answer(fields, "access_token"), answer(fields, "session_id")
    try:
        records = ground.session.credential.stored_records(session_id)
    except StoreUnavailable:
        return _while_down(ground, kept, token)
    if kept["down_at"] is None:
        return Verdict(False, gettext("The store answers. Stop it, and check while it is down."))
    record = records[0].fields if records else {}
    if record.get("member_id") != kept["member"]:
        return Verdict(
            False,
            gettext("The store answers again, but it has no login of %(member)s under this id.", member=kept["member"]),
        )
    if record["created_at"] >= kept["down_at"]:
        return Verdict(False, gettext("This session began after the store was stopped. Hand in the one from before."))
    return Verdict(
        True,
        gettext(
            "The token worked without the store. The session did not, but it was not lost: the store writes a log, and"
            " reads it when it starts."
        ),
    )


def _while_down(ground: Ground, kept: Kept, token: str) -> Verdict:
    try:
        login, _renewed = ground.token.credential.admit(token, None)
    except BearerError as error:
        is_down = gettext("The store is down.")  # in an f-string the message would not be found before Python 3.12
        return Verdict(False, f"{is_down} {refused(error)}")
    if login.user_id != kept["member"]:
        return Verdict(False, gettext("This token is another member’s. Log in as %(member)s.", member=kept["member"]))
    kept["down_at"] = ground.now()
    return Verdict(
        False,
        gettext(
            "Half is done: the store does not answer, and the token is accepted. Now start the store and check again,"
            " with the same session id."
        ),
    )


STORE_DOWN = Mission(
    slug="store-down",
    approach="session",
    minutes=20,
    title=_("Find the logins that outlive the store"),
    goal=_("Hand in a token that works while the store is stopped, and a session that works again afterwards."),
    who=_(
        "You are a load member, and you know your password. The store is stopped on the page “Nodes”: on the lab’s own"
        " machine, or by the instructor for the whole class."
    ),
    tool=CURL,
    hints=(
        _("Log in twice while the store runs: at /session, which sets a cookie, and at /token."),
        _("A request at /session asks the store. Does one at /token ask it, too?"),
        _("Press “Check” twice with the same answers: once while the store is stopped, once after it was started."),
    ),
    solution=(
        Part(
            _("Log in at /session and at /token, and stop the store."),
            """\
LOGIN="{\\"username\\": \\"$MEMBER\\", \\"password\\": \\"$PASSWORD\\"}"
curl -s -c cookies.txt "$LAB/session/login" -H 'Content-Type: application/json' -d "$LOGIN"
curl -s "$LAB/token/login" -H 'Content-Type: application/json' -d "$LOGIN" |
  python3 -c 'import json, sys; print("\\naccess_token:", json.load(sys.stdin)["access_token"])'
echo "session_id: $(tail -n 1 cookies.txt | cut -f 7)"
curl -s -o state.txt -X PUT "$LAB/lab/store" -H 'Content-Type: application/json' -d '{"state": "stopped"}'
while curl -s -f -o state.txt "$LAB/readyz"; do sleep 0.2; done""",
        ),
        Part(
            _("Check, start the store again, and check once more with the same answers."),
            """\
curl -s -o state.txt -X PUT "$LAB/lab/store" -H 'Content-Type: application/json' -d '{"state": "running"}'
until curl -s -f -o state.txt "$LAB/readyz"; do sleep 0.2; done""",
        ),
    ),
    walk="/scale-out#processes",
    begin=begin,
    judge=judge,
    answers={"access_token": _("Access token"), "session_id": _("Session id")},
)
