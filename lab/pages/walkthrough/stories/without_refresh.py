"""An hour with short-lived access tokens alone, and the same hour with a refresh token. One second is five minutes."""

from dataclasses import replace

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ASK, EXPIRED, MEMBER, REFRESH, RUN_OUT, SHORT_S, TOKENS
from lab.pages.walkthrough.story import Ending, Expect, Option, Prediction, Repeat, Request, Step, Story

FAST_S = 1  # the access token’s lifetime, which stands for `MINUTES_EACH`
MINUTES_EACH = 5
AGAIN = 60 // MINUTES_EACH - 1  # renewals in an hour: the first token comes from the log-in

LOG_IN = Request("POST", "/token/login", body=MEMBER, keeps={"access_token": "body access_token"})
LOG_IN_SHORT = replace(LOG_IN, body={**MEMBER, "access_ttl_s": SHORT_S})
LOG_IN_FAST = replace(LOG_IN, body={**MEMBER, "access_ttl_s": FAST_S})

WITHOUT_REFRESH = Story(
    slug="without-refresh",
    approach="token",
    title=_("Without a refresh token"),
    question=_("How often would you log in without a refresh token?"),
    credentials={"token": "access_token"},
    anew=("login", "login-again", "hour-without", "hour-with"),
    steps=(
        Step(
            "login",
            _("Log in, and keep the access token only"),
            _(
                "{member} logs in and gets an access token of four seconds. This client drops the refresh token: it "
                "is the client of an app that has none."
            ),
            _("A short lifetime limits what a thief can do with a stolen token."),
            LOG_IN_SHORT,
            look_at=("request body", "inside argon2id", "response body"),
            expect=Expect(200, inside=("argon2id",)),
            then=RUN_OUT,
            name=_("One token only"),
        ),
        Step(
            "expired",
            _("Ask too late"),
            _("The client sends the access token, but it has expired."),
            _("The member did nothing wrong, and is interrupted at work."),
            ASK,
            look_at=("request Authorization", "response status", "response body"),
            expect=EXPIRED,
            predict=Prediction(
                _("The token was valid a moment ago. What does the server answer?"),
                (
                    Option(_("200: the answer, because the member is known."), Expect(200)),
                    Option(_("401: the token has expired."), EXPIRED),
                    Option(_("403: this is not allowed."), Expect(403)),
                ),
            ),
        ),
        Step(
            "login-again",
            _("Ask for the password again"),
            _("The client has nothing else to show. So {member} types name and password, and the server checks both."),
            _(
                "A client that keeps the password to avoid the question would keep something worse to steal than a token."
            ),
            LOG_IN,
            look_at=("request body", "inside SELECT members", "inside argon2id", "response status"),
            expect=Expect(200, inside=("SELECT members", "argon2id")),
            name=_("The password again"),
            predict=Prediction(
                _("The server checked this password a few seconds ago. What does this log-in cost it?"),
                (
                    Option(_("Another check that is slow on purpose."), Expect(200, inside=("argon2id",))),
                    Option(_("Only a new signature."), Expect(200, inside=("sign",), not_inside=("db",))),
                ),
            ),
        ),
        Step(
            "hour-without",
            _("An hour without a refresh token"),
            _(
                "On a fast clock the token lives one second, which stands for five minutes. {member} logs in again at each expiry, for an hour."
            ),
            _(
                "Every log-in interrupts the member, and costs the server a check of the password that is slow on purpose."
            ),
            LOG_IN_FAST,
            look_at=("request body", "inside argon2id", "response body"),
            expect=Expect(200, inside=("argon2id",)),
            then=Repeat(LOG_IN_FAST, ASK, AGAIN, MINUTES_EACH),
            name=_("An hour without"),
        ),
        Step(
            "hour-with",
            _("The same hour with a refresh token"),
            _("{member} logs in once, and the client exchanges its refresh token for new tokens at each expiry."),
            _(
                "A stolen access token is worth as little as before. But the member logs in once an hour, not twelve times."
            ),
            replace(LOG_IN_FAST, keeps=TOKENS),
            look_at=("request body", "response body"),
            expect=Expect(200),
            then=Repeat(REFRESH, ASK, AGAIN, MINUTES_EACH),
            name=_("An hour with"),
        ),
    ),
    end=Ending(
        _("Twelve times an hour if a token lives five minutes. With a refresh token, once."),
        (
            _("A short lifetime protects against a thief. Alone, it interrupts the member at each expiry."),
            _("Each log-in costs a check of the password that is slow on purpose. A refresh does without it."),
            _("A refresh token separates the two: the access token stays short, and the login lasts."),
        ),
    ),
)
