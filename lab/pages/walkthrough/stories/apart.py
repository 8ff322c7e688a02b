"""The lecture notes' first process: access token and refresh token are sent separately."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ASK, EXPIRED, NOBODY_ASKED, REFRESH, RENEWED, RUN_OUT, SHORT_S, login
from lab.pages.walkthrough.story import Ending, Expect, Option, Prediction, Request, Step, Story

APART = Story(
    slug="apart",
    approach="token",
    title=_("Sent separately"),
    question=_("What happens when only the access token is sent?"),
    credentials={"token": "access_token"},
    anew=("login", "wait", "refresh"),
    steps=(
        Step(
            "login",
            _("Log in"),
            _("The server checks name and password and issues both tokens."),
            _("One token gives access, the other gets new tokens. Neither can do the other’s work."),
            login(),
            look_at=("request body", "response body"),
            expect=Expect(200, inside=("INSERT refresh_tokens",)),
        ),
        Step(
            "ask",
            _("Ask with the access token"),
            _("The client keeps the refresh token, and sends requests with the access token."),
            _("Each request contains only the token that is valid briefly, not the one that gets new tokens."),
            ASK,
            look_at=("request Authorization", "inside at+jwt", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
            puts_away="refresh_token",
            name=_("With access token"),
        ),
        Step(
            "wrong-one",
            _("Ask with the refresh token"),
            _("The client sends the refresh token where the access token belongs."),
            _(
                "It contains no user and opens no page: the server distinguishes the two tokens by the type in "
                "their header."
            ),
            Request("GET", "/token/profile", headers={"Authorization": "Bearer {refresh_token}"}),
            look_at=("request Authorization", "response status", "response body"),
            expect=Expect(401, code="invalid_token"),
            name=_("With refresh token"),
            predict=Prediction(
                _("The refresh token is genuine too, and lives longer. Does it open the page?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "wait",
            _("Continue until it expires"),
            _(
                "To save you minutes of waiting, alice logs in again and gets an access token of four seconds. "
                "It expires while the client sends nothing."
            ),
            _("A stolen copy of this token becomes worthless at the same time."),
            login(access_ttl_s=SHORT_S),
            look_at=("request body", "response body"),
            expect=Expect(200),
            then=RUN_OUT,
            name=_("Until it expires"),
        ),
        Step(
            "expired",
            _("Get an error"),
            _("The client sends the access token as before. The node answers 401: it has expired."),
            _("The request was refused, so the client has to send it again later."),
            ASK,
            look_at=("response status", "response WWW-Authenticate", "response body"),
            expect=EXPIRED,
            predict=Prediction(
                _(
                    "The access token has expired, and the client still has a valid refresh token. What does the server answer?"
                ),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("401: expired."), EXPIRED),
                ),
            ),
        ),
        Step(
            "refresh",
            _("Ask for a new one"),
            _(
                "The client sends the refresh token. The server finds its hash in the member database and "
                "issues two new tokens."
            ),
            _("Tokens need a look-up after all: but once per lifetime, not once per request."),
            REFRESH,
            look_at=("request body", "inside SELECT refresh_tokens", "inside UPDATE refresh_tokens", "response body"),
            expect=RENEWED,
            compares="refresh",
            predict=Prediction(
                _("Does the exchange of a refresh token need a look-up?"),
                (
                    Option(_("Yes, its hash is in the member database."), RENEWED),
                    Option(_("No, the signature is enough."), Expect(200, not_inside=("db",))),
                ),
            ),
        ),
        Step(
            "retry",
            _("Send the request again"),
            _("The client repeats the failed request with the new access token."),
            _(
                "An expired token costs three requests instead of one. After that, everything continues as in the "
                "second step."
            ),
            ASK,
            look_at=("request Authorization", "response status", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
            name=_("Send it again"),
        ),
    ),
    end=Ending(
        _(
            "After its expiry a request is refused, the client exchanges its refresh token, and sends the request again: three requests instead of one."
        ),
        (
            _("The refresh token travels only when it is exchanged, so it is rarely exposed."),
            _("Each kind of token is refused where the other one belongs."),
            _("The look-up is needed once per lifetime of an access token, not once per request."),
        ),
    ),
)
