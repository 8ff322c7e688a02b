"""Parts of several stories: the demo members, and a token in its header."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.story import Act, Beyond, Expect, Request

ALICE = {"username": "alice", "password": "wonderland"}
MEMBER = {"username": "{member}", "password": "load"}  # a load member: what a walk does to it disturbs no visitor
SHORT_S = 4  # lifetime of a token for whose expiry a step waits; the same step requests it

TOKENS = {"access_token": "body access_token", "refresh_token": "body refresh_token"}
ACCESS = {"Authorization": "Bearer {access_token}"}
HYBRID_TOKENS = {"hybrid_access_token": "body access_token", "hybrid_refresh_token": "body refresh_token"}
HYBRID_ACCESS = {"Authorization": "Bearer {hybrid_access_token}"}
BOTH = {**ACCESS, "X-Refresh-Token": "{refresh_token}"}

LET_IN = Expect(200, member="alice")
NOBODY_ASKED = Expect(200, member="alice", inside=("at+jwt",), not_inside=("store", "db"))
EXPIRED = Expect(401, code="expired_token")
RENEWED = Expect(200, inside=("rt+jwt", "UPDATE refresh_tokens", "INSERT refresh_tokens", "sign"))

ASK = Request("GET", "/token/profile", headers=ACCESS)
RUN_OUT = Act("wait", "access_token")
REFRESH = Request("POST", "/token/refresh", body={"refresh_token": "{refresh_token}"}, keeps=TOKENS)

# What the walks of the session and of the token leave out.
STOLEN_REFRESH = Beyond(
    _("What a stolen refresh token can do is a walk of its own:"),
    _("How is a stolen refresh token detected?"),
    "/walkthrough/rotation-and-theft",
)


def login(**asked: int) -> Request:
    """Return alice's token log-in request, with the requested lifetimes."""
    return Request("POST", "/token/login", body={**ALICE, **asked}, keeps=TOKENS)
