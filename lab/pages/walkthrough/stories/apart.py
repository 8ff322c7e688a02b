"""The lecture notes' first process: access token and refresh token are sent separately."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ASK, EXPIRED, NOBODY_ASKED, REFRESH, RENEWED, RUN_OUT, SHORT_S, login
from lab.pages.walkthrough.story import Expect, Request, Step, Story

APART = Story(
    slug="apart",
    approach="token",
    title=_("Sent apart"),
    question=_("What happens when only the access token is sent?"),
    credentials={"token": "access_token"},
    anew=("login", "wait", "refresh"),
    steps=(
        Step(
            "login",
            _("Log in"),
            _("The server checks name and password and issues both tokens."),
            _("One token for access and one for reissue: each does what the other does not."),
            login(),
            look_at=("request body", "response body"),
            expect=Expect(200, inside=("INSERT refresh_tokens",)),
        ),
        Step(
            "ask",
            _("Ask with the access token"),
            _("The client keeps the refresh token, and asks freely with the access token."),
            _("Each request shows the token that can be used only briefly, and not the one that makes new ones."),
            ASK,
            look_at=("request Authorization", "inside at+jwt", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
        ),
        Step(
            "wrong-one",
            _("Ask with the refresh token"),
            _("The client sends the refresh token where the access token belongs."),
            _("It names nobody and opens no page: the server tells the two apart by the type in their header."),
            Request("GET", "/token/profile", headers={"Authorization": "Bearer {refresh_token}"}),
            look_at=("request Authorization", "response status", "response body"),
            expect=Expect(401, code="invalid_token"),
        ),
        Step(
            "wait",
            _("Go on until it expires"),
            _(
                "So that you need not wait for minutes, alice logs in once more, for an access token of four seconds. Its "
                "time runs out while the client sends nothing."
            ),
            _("A copy of this token that somebody may have made is worthless from the same moment."),
            login(access_ttl_s=SHORT_S),
            look_at=("request body", "response body"),
            expect=Expect(200),
            then=RUN_OUT,
        ),
        Step(
            "expired",
            _("Get an error"),
            _("The client sends the access token as before. The node answers 401: it has expired."),
            _("The request was not served, so the client has to send it once more afterwards."),
            ASK,
            look_at=("response status", "response WWW-Authenticate", "response body"),
            expect=EXPIRED,
        ),
        Step(
            "refresh",
            _("Ask for a new one"),
            _(
                "The client notices, and sends the refresh token. The server finds it in its storage and issues a new pair."
            ),
            _("The look-up that tokens save is made here after all: once per lifetime and not once per request."),
            REFRESH,
            look_at=("request body", "inside SELECT refresh_tokens", "inside UPDATE refresh_tokens", "response body"),
            expect=RENEWED,
        ),
        Step(
            "retry",
            _("Send the request again"),
            _("The client repeats the request that had failed, with the new access token."),
            _("An expiry has cost three requests instead of one. From here it goes on as from the second step."),
            ASK,
            look_at=("request Authorization", "response status", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
        ),
    ),
)
