"""An access token that was found: what can be read in it without a key?"""

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import Begun, Mission, Part, Verdict, answer
from lab.trials import Kept
from service.web.fields import Fields


def begin(ground: Ground) -> Begun:
    """Log a load member in and give the access token away."""
    credential, config = ground.token.credential, ground.config
    player = ground.player()
    token = credential.issue_for(player, config.access_ttl_s, config.refresh_ttl_s).access
    kept = {"login_id": credential.read(token).login.login_id, "token": token}
    return Begun(kept, {"TOKEN": token}, player.username)


def judge(_ground: Ground, kept: Kept, fields: Fields) -> Verdict:
    """The login id stands nowhere but in the payload."""
    login_id = answer(fields, "login_id")
    if login_id == kept["login_id"]:
        return Verdict(
            True, gettext("You needed no key. Base64url is an encoding, so anyone who has a token can read it.")
        )
    if login_id in kept["token"]:
        return Verdict(False, gettext("That is a piece of the encoded token. Decode the part between the two dots."))
    return Verdict(False, gettext("This is not the login id. jti is the id of the token; look at the other claims."))


READ_A_TOKEN = Mission(
    slug="read-a-token",
    approach="token",
    minutes=2,
    title=_("Read a token without a key"),
    goal=_("Say which login an access token belongs to, without any key."),
    who=_("You have found an access token in a log. You have neither a key nor a password."),
    tool=_("the page “Inside a token”, or Python"),
    hints=(
        _("A token has three parts with dots between them: header, payload and signature."),
        _("The payload is JSON in base64url. The page “Inside a token” decodes a token that you paste."),
        _("The claim is called login_id."),
    ),
    solution=(
        Part(
            _("Decode the part between the two dots."),
            """\
python3 - "$TOKEN" <<'END'
import base64, json, sys
payload = sys.argv[1].split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
print("login_id:", claims["login_id"])
END""",
        ),
    ),
    walk="/walkthrough/token/read",
    begin=begin,
    judge=judge,
    answers={"login_id": _("Login id")},
)
