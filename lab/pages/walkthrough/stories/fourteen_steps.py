"""The lecture notes' refresh authentication in fourteen steps. Several steps are one HTTP exchange."""

from dataclasses import replace

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import (
    ASK,
    BOTH,
    EXPIRED,
    LET_IN,
    NOBODY_ASKED,
    RENEWED,
    RUN_OUT,
    SHORT_S,
    login,
)
from lab.pages.walkthrough.story import Ending, Expect, Look, Option, Prediction, Request, Step, Story

NEW_TOKENS = {"access_token": "header X-Access-Token", "refresh_token": "header X-Refresh-Token"}
STORED = ("sign", "INSERT refresh_families", "INSERT refresh_tokens")

FOURTEEN_STEPS = Story(
    slug="fourteen-steps",
    approach="token",
    title=_("The notes’ 14 steps of a refresh"),
    question=_("How does a login last longer than its access token?"),
    credentials={"token": "access_token"},
    anew=("1", "8"),
    steps=(
        Step(
            "1",
            _("1. Send name and password"),
            _("The browser sends alice’s name and password."),
            _("The whole HTTP exchange happens in this step. Steps 2 to 4 show parts of the same exchange."),
            login(),
            look_at=("request line", "request body"),
            expect=Expect(200),
        ),
        Step(
            "2",
            _("2. Compare with the member database"),
            _("The node reads alice’s row and checks the password against the argon2id hash in it."),
            _(
                "This check is slow on purpose, so that an attacker with stolen hashes can try few passwords. It "
                "is needed once per log-in."
            ),
            Look(),
            look_at=("inside SELECT members", "inside argon2id"),
            expect=Expect(200, inside=("SELECT members", "argon2id")),
            compares="password",
            name=_("Compare with the row"),
        ),
        Step(
            "3",
            _("3. Issue both tokens, store the refresh token"),
            _("The node writes a token family into the member database, and signs an access and a refresh token."),
            _("The server stores only a hash of the refresh token’s id, and nothing of the access token."),
            Look(),
            look_at=("inside INSERT refresh_families", "inside INSERT refresh_tokens", "inside sign"),
            expect=Expect(200, inside=STORED),
            name=_("Issue both tokens"),
        ),
        Step(
            "4",
            _("4. Send both to the client"),
            _("The answer has the access token, the refresh token, and the access token’s lifetime in seconds."),
            _("From now on the client holds the login. No other place has both tokens."),
            Look(),
            look_at=("response status", "response body"),
            expect=Expect(200),
            name=_("Send both"),
        ),
        Step(
            "5",
            _("5. Ask with the access token"),
            _("The client stores the refresh token in a safe place and sends the access token in a header."),
            _("The refresh token is not sent, so it cannot be intercepted."),
            ASK,
            look_at=("request line", "request Authorization"),
            expect=LET_IN,
            alive="access_token",
            puts_away="refresh_token",
            name=_("Ask"),
            predict=Prediction(
                _("The client sends only the access token. Does the node have to ask the database?"),
                (
                    Option(_("Yes, about the member."), Expect(200, inside=("SELECT",))),
                    Option(_("No, the token is enough."), NOBODY_ASKED),
                ),
            ),
        ),
        Step(
            "6",
            _("6. Verify the access token"),
            _("The node checks signature, audience and times of the token. It asks neither store nor database."),
            _("Most requests with a token cost no more than this, on any node."),
            Look(),
            look_at=("inside at+jwt",),
            expect=NOBODY_ASKED,
            name=_("Verify"),
        ),
        Step(
            "7",
            _("7. Send the requested page"),
            _("The page is generated for the member in the token."),
            _("The page’s code does not use the token. It gets an identity, as it does with a session."),
            Look(),
            look_at=("response status", "response body"),
            expect=LET_IN,
            name=_("Send the page"),
        ),
        Step(
            "8",
            _("8. The access token expires"),
            _(
                "The token from step 3 is valid for minutes. To save you the waiting, alice logs in again and "
                "gets an access token of four seconds. The page reads its expiry and counts down."
            ),
            _("The token ends by time alone. No server has to be informed, and nothing has to be deleted."),
            login(access_ttl_s=SHORT_S),
            look_at=("request body", "response body"),
            expect=Expect(200),
            then=RUN_OUT,
            name=_("It expires"),
        ),
        Step(
            "9",
            _("9. Ask as before"),
            _("The client sends the same access token in the same header."),
            _("The client could have avoided this request: see step 11."),
            ASK,
            look_at=("request line", "request Authorization"),
            expect=EXPIRED,
            predict=Prediction(
                _("The access token has expired. The client sends it as before. What does the server answer?"),
                (
                    Option(_("The page, and a new access token."), Expect(200, inside=("sign",))),
                    Option(_("401: expired."), EXPIRED),
                ),
            ),
        ),
        Step(
            "10",
            _("10. Find it expired"),
            _("The signature is right, but the time in the claim exp has passed."),
            _(
                "The server checks the signature first. Only then can it distinguish an expired token from a "
                "forged one."
            ),
            Look(),
            look_at=("inside at+jwt",),
            expect=replace(EXPIRED, inside=("at+jwt",), not_inside=("store", "db")),
        ),
        Step(
            "11",
            _("11. Signal it: no access"),
            _("The answer is 401, with a reason that a program can read."),
            _(
                "Steps 9 to 11 are not always needed: the client can read exp in the payload, and refresh "
                "before it sends."
            ),
            Look(),
            look_at=("response status", "response WWW-Authenticate", "response body"),
            expect=EXPIRED,
        ),
        Step(
            "12",
            _("12. Send both tokens together"),
            _("The client sends the expired access token and the refresh token, each in its header."),
            _("The access token no longer gives access, but it still says which login this is."),
            Request("GET", "/token/profile", headers=BOTH, keeps=NEW_TOKENS),
            look_at=("request Authorization", "request X-Refresh-Token"),
            expect=LET_IN,
            name=_("Send both together"),
            predict=Prediction(
                _("Now the expired access token comes with the refresh token. What does the server answer?"),
                (
                    Option(_("The page, and new tokens."), Expect(200, inside=("UPDATE refresh_tokens",))),
                    Option(_("401: log in again."), Expect(401)),
                ),
            ),
        ),
        Step(
            "13",
            _("13. Check for tampering, then compare"),
            _(
                "First the access token’s signature, then the refresh token’s. Then its hash is compared with the "
                "one in the member database."
            ),
            _(
                "The stored token is marked as used and gets a successor, in one transaction. So a copy of it is "
                "now worth little."
            ),
            Look(),
            look_at=("inside at+jwt", "inside rt+jwt", "inside SELECT refresh_tokens", "inside UPDATE refresh_tokens"),
            expect=replace(RENEWED, inside=("at+jwt", "rt+jwt", "SELECT refresh_tokens", "UPDATE refresh_tokens")),
            compares="refresh",
            name=_("Check and compare"),
        ),
        Step(
            "14",
            _("14. Answer, with a new access token"),
            _("The answer has the requested page, and the new tokens in its headers."),
            _("So a login continues with one short-lived access token after another, until its refresh token ends."),
            Look(),
            look_at=("response X-Access-Token", "response X-Refresh-Token", "response body"),
            expect=LET_IN,
            name=_("Answer with new ones"),
        ),
    ),
    end=Ending(
        _(
            "A refresh token, which the server stores as a hash, gets a new access token whenever the old one has expired."
        ),
        (
            _("Steps 1 to 4: the password is checked once, then two tokens are issued."),
            _("Steps 5 to 7: most requests need only the access token and no look-up."),
            _("Steps 8 to 14: after the expiry, one look-up gets the next short-lived access token."),
        ),
    ),
)
