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
from lab.pages.walkthrough.story import Expect, Look, Request, Step, Story

NEW_TOKENS = {"access_token": "header X-Access-Token", "refresh_token": "header X-Refresh-Token"}
STORED = ("sign", "INSERT refresh_families", "INSERT refresh_tokens")

FOURTEEN_STEPS = Story(
    slug="fourteen-steps",
    approach="token",
    title=_("The 14 steps"),
    question=_("How does a login outlive its access token?"),
    credentials={"token": "access_token"},
    anew=("1", "8"),
    steps=(
        Step(
            "1",
            _("1. Send name and password"),
            _("The browser sends alice’s name and password."),
            _("The whole exchange happens in this step. Steps 2 to 4 read the same one on, part by part."),
            login(),
            look_at=("request line", "request body"),
            expect=Expect(200),
        ),
        Step(
            "2",
            _("2. Compare with the member database"),
            _("The node reads alice’s row and checks the password against the argon2id hash in it."),
            _("This check is made to be slow, for whoever steals the hashes and guesses. It is paid once per log-in."),
            Look(),
            look_at=("inside SELECT members", "inside argon2id"),
            expect=Expect(200, inside=("SELECT members", "argon2id")),
        ),
        Step(
            "3",
            _("3. Issue both tokens, store the refresh token"),
            _("The node writes a token family into the member database, and signs an access and a refresh token."),
            _("Only a hash of the refresh token’s id is stored. Of the access token the server keeps nothing."),
            Look(),
            look_at=("inside INSERT refresh_families", "inside INSERT refresh_tokens", "inside sign"),
            expect=Expect(200, inside=STORED),
        ),
        Step(
            "4",
            _("4. Send both to the client"),
            _("The answer carries the access token, the refresh token and the number of seconds the first one lives."),
            _("From here on the client holds the login, and is the only one who holds all of it."),
            Look(),
            look_at=("response status", "response body"),
            expect=Expect(200),
        ),
        Step(
            "5",
            _("5. Ask with the access token"),
            _("The client puts the refresh token away in a safe place and sends the access token in a header."),
            _("The refresh token stays at home: what is not sent cannot be overheard."),
            ASK,
            look_at=("request line", "request Authorization"),
            expect=LET_IN,
            alive="access_token",
        ),
        Step(
            "6",
            _("6. Verify the access token"),
            _("The node checks signature, audience and times of the token. It asks neither store nor database."),
            _("That is all a token costs on most requests, on whichever node it arrives."),
            Look(),
            look_at=("inside at+jwt",),
            expect=NOBODY_ASKED,
        ),
        Step(
            "7",
            _("7. Send what was asked for"),
            _("The page is made for the member whom the token names."),
            _("The page does not know that there was a token: it gets an identity, as it does behind a session."),
            Look(),
            look_at=("response status", "response body"),
            expect=LET_IN,
        ),
        Step(
            "8",
            _("8. The access token expires"),
            _(
                "The token from step 3 has minutes left. So that you need not wait for them, alice logs in once more, for an "
                "access token of four seconds. The page reads its expiry and counts down."
            ),
            _("Time alone ends this token. Nobody has to be told, and nothing has to be deleted."),
            login(access_ttl_s=SHORT_S),
            look_at=("request body", "response body"),
            expect=Expect(200),
            then=RUN_OUT,
        ),
        Step(
            "9",
            _("9. Ask as before"),
            _("The client sends the same access token in the same header."),
            _("It could have known better: see step 11."),
            ASK,
            look_at=("request line", "request Authorization"),
            expect=EXPIRED,
        ),
        Step(
            "10",
            _("10. Find it expired"),
            _("The signature is right, and the time in the claim exp has passed."),
            _("An expired token is told from a forged one only after its signature was checked."),
            Look(),
            look_at=("inside at+jwt",),
            expect=replace(EXPIRED, inside=("at+jwt",), not_inside=("store", "db")),
        ),
        Step(
            "11",
            _("11. Signal it: no access"),
            _("The answer is 401, and names the reason in a way that a program can read."),
            _(
                "Steps 9 to 11 are not needed each time: the client can read exp in the payload itself, and refresh before "
                "it sends."
            ),
            Look(),
            look_at=("response status", "response WWW-Authenticate", "response body"),
            expect=EXPIRED,
        ),
        Step(
            "12",
            _("12. Send both tokens together"),
            _("The client sends the expired access token and the refresh token, each in its header."),
            _("The access token opens nothing any more. It still says which login this is."),
            Request("GET", "/token/profile", headers=BOTH, keeps=NEW_TOKENS),
            look_at=("request Authorization", "request X-Refresh-Token"),
            expect=LET_IN,
        ),
        Step(
            "13",
            _("13. Check for tampering, then compare"),
            _(
                "First the access token’s signature, then the refresh token’s. Then its hash is compared with the one in "
                "the member database."
            ),
            _("The stored token is spent and gets a successor, in one transaction: a copy of it is now worth little."),
            Look(),
            look_at=("inside at+jwt", "inside rt+jwt", "inside SELECT refresh_tokens", "inside UPDATE refresh_tokens"),
            expect=replace(RENEWED, inside=("at+jwt", "rt+jwt", "SELECT refresh_tokens", "UPDATE refresh_tokens")),
        ),
        Step(
            "14",
            _("14. Answer, with a new access token"),
            _("The page that was asked for comes at once, and the new tokens come in headers beside it."),
            _("So a login goes on, one short access token after another, until its refresh token ends."),
            Look(),
            look_at=("response X-Access-Token", "response X-Refresh-Token", "response body"),
            expect=LET_IN,
        ),
    ),
)
