"""A device with a token that is looked up: how is it logged out from elsewhere?"""

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.each.stay_logged_in import has_ended
from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import CURL, Begun, Mission, Part, Verdict
from lab.trials import Kept
from service.accounts.public_members import LOAD_PASSWORD
from service.errors import BearerError
from service.web.fields import Fields


def begin(ground: Ground) -> Begun:
    """Log a load member in at `/hybrid`. This login is the lost phone, which the lab acts as."""
    player, config = ground.player(), ground.config
    phone = ground.hybrid.credential.issue_for(player, config.access_ttl_s, config.refresh_ttl_s)
    kept = {"access": phone.access, "refresh": phone.refresh}
    return Begun(kept, {"MEMBER": player.username, "PASSWORD": LOAD_PASSWORD}, player.username)


def judge(ground: Ground, kept: Kept, _fields: Fields) -> Verdict:
    """Send the phone's tokens to the guard of `/hybrid`. The phone refreshes, so waiting does not log it out."""
    credential = ground.hybrid.credential
    try:
        _login, renewed = credential.admit(kept["access"], kept["refresh"])
    except BearerError as error:
        if has_ended(credential.stored_records(kept["access"])):
            return Verdict(
                True,
                gettext(
                    "The phone’s token has not changed, and is refused: /hybrid looks up at every request whether the"
                    " login has ended."
                ),
            )
        return Verdict(
            False,
            gettext(
                "The phone’s token is refused (%(why)s), but its login has not ended. Begin again.", why=error.title
            ),
        )
    if renewed is not None:
        kept.update(access=renewed.access, refresh=renewed.refresh)
    return Verdict(False, gettext("The phone has just shown its token at /hybrid, and it was accepted."))


LOG_OUT_A_TOKEN = Mission(
    slug="log-out-a-token",
    approach="hybrid",
    minutes=5,
    title=_("Log out a device that has only a token"),
    goal=_("Your lost phone is logged in at /hybrid. Make the server refuse its token at once."),
    who=_("You are a load member at another computer. You know your password, but you do not have the phone’s token."),
    tool=CURL,
    hints=(
        _("Log in at /hybrid from here. This is a login of its own: ending it does not end the phone’s."),
        _("GET /hybrid/logins lists all your logins. The phone’s is not the current one."),
        _("DELETE /hybrid/logins/<id> ends one login, DELETE /hybrid/logins ends all of them."),
    ),
    solution=(
        Part(
            _("Log in, list the logins, and end each one that is not this computer’s."),
            """\
TOKEN=$(curl -s "$LAB/hybrid/login" -H 'Content-Type: application/json' \\
  -d "{\\"username\\": \\"$MEMBER\\", \\"password\\": \\"$PASSWORD\\"}" |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
curl -s -H "Authorization: Bearer $TOKEN" "$LAB/hybrid/logins" | python3 -c '
import json, sys
for login in json.load(sys.stdin)["logins"]:
    if not login["current"]:
        print(login["id"])' |
while read -r ID; do
  curl -s -X DELETE -H "Authorization: Bearer $TOKEN" "$LAB/hybrid/logins/$ID"
done""",
        ),
    ),
    walk="/walkthrough/logout-of-both/access-refused",
    begin=begin,
    judge=judge,
)
