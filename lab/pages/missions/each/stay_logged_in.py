"""An access token that was copied before the log-out."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import CURL, Begun, Mission, Part, Verdict, answer, refused
from lab.trials import Kept
from service.accounts.public_members import LOAD_PASSWORD
from service.approach import StoredRecord
from service.errors import BearerError
from service.web.fields import Fields


def begin(ground: Ground) -> Begun:
    """Choose the member. The visitor logs in."""
    username = ground.player().username
    return Begun({"member": username}, {"MEMBER": username, "PASSWORD": LOAD_PASSWORD}, username)


def judge(ground: Ground, kept: Kept, fields: Fields) -> Verdict:
    """Ask the guard of `/token` whether it accepts the token, and the member database whether its login has ended."""
    token, credential = answer(fields, "access_token"), ground.token.credential
    try:
        login, _renewed = credential.admit(token, None)
    except BearerError as error:
        return Verdict(False, refused(error))
    if login.user_id != kept["member"]:
        return Verdict(False, gettext("This token is another member’s. Log in as %(member)s.", member=kept["member"]))
    if not has_ended(credential.stored_records(token)):
        return Verdict(False, gettext("The token is accepted, but its login has not ended. Log out first."))
    return Verdict(
        True,
        gettext(
            "The login has ended, and its access token is still accepted until it expires: /token looks nothing up."
        ),
    )


def has_ended(records: list[StoredRecord]) -> bool:
    """Return whether the member database says that a login was ended before its time."""
    rows: list[dict[str, Any]] = [record.fields for record in records if record.where == "database"]
    return any("revoked_at" in row for row in rows)


STAY_LOGGED_IN = Mission(
    slug="stay-logged-in",
    approach="token",
    minutes=3,
    title=_("Stay logged in after a log-out"),
    goal=_("Log in at /token and log out. Then hand in what is still accepted."),
    who=_("You are a load member, and you know your password."),
    tool=CURL,
    hints=(
        _("POST /token/login answers with two tokens. Keep both before you log out with POST /token/logout."),
        _("A log-out ends the login in the member database. Which of the two tokens is looked up there?"),
        _("The access token is not looked up. It expires after a few minutes: hand it in before that."),
    ),
    solution=(
        Part(
            _("Log in, keep the access token, log out, and use it once more."),
            """\
TOKEN=$(curl -s "$LAB/token/login" -H 'Content-Type: application/json' \\
  -d "{\\"username\\": \\"$MEMBER\\", \\"password\\": \\"$PASSWORD\\"}" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
curl -s -X POST -H "Authorization: Bearer $TOKEN" "$LAB/token/logout"
curl -s -H "Authorization: Bearer $TOKEN" "$LAB/token/profile"
echo "access_token: $TOKEN\"""",
        ),
    ),
    walk="/walkthrough/token/still-in",
    begin=begin,
    judge=judge,
    answers={"access_token": _("What is still accepted")},
)
