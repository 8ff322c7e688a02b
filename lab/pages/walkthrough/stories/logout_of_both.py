"""Log out of `/hybrid`: both tokens are refused. Then the same at `/token`, where the access token lives on."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ACCESS, ALICE, HYBRID_ACCESS, HYBRID_TOKENS, TOKENS
from lab.pages.walkthrough.story import Ending, Expect, Look, Option, Prediction, Request, Step, Story

DENIED = ("at+jwt", "GET")  # the signature is right, and then the denylist names the login

LOGOUT_OF_BOTH = Story(
    slug="logout-of-both",
    approach="hybrid",
    title=_("A log-out that ends both"),
    question=_("Does a log-out end the access token too?"),
    credentials={"hybrid": "hybrid_access_token", "token": "access_token"},
    anew=("login", "token-login"),
    steps=(
        Step(
            "login",
            _("Log in by hybrid"),
            _("The server issues both tokens, as /token does. The member database gets a hash of the refresh token."),
            _(
                "The two approaches differ in one thing: /hybrid reads a list of ended logins before it accepts a token."
            ),
            Request("POST", "/hybrid/login", body=ALICE, keeps=HYBRID_TOKENS),
            look_at=("request body", "inside INSERT refresh_families", "response body"),
            expect=Expect(200, inside=("INSERT refresh_families", "INSERT refresh_tokens")),
        ),
        Step(
            "ask",
            _("Ask with the access token"),
            _("The node checks the signature. Then it looks the login up in the denylist, and finds no entry."),
            _("A token that can be revoked costs one look-up on every request, as a session does."),
            Request("GET", "/hybrid/profile", headers=HYBRID_ACCESS),
            look_at=("request Authorization", "inside at+jwt", "inside GET", "response status"),
            expect=Expect(200, member="alice", inside=DENIED, not_inside=("db",)),
            alive="hybrid_access_token",
            name=_("With access token"),
        ),
        Step(
            "logout",
            _("Log out"),
            _("The server ends the token family in the member database, and writes the login into the denylist."),
            _("Each token needs its own end: the family ends the refresh token, the entry ends the access token."),
            Request(
                "POST",
                "/hybrid/logout",
                headers={**HYBRID_ACCESS, "X-Refresh-Token": "{hybrid_refresh_token}"},
            ),
            look_at=("request Authorization", "inside UPDATE refresh_families", "inside SET", "response status"),
            expect=Expect(204, inside=("UPDATE refresh_families", "SET")),
            alive="hybrid_access_token",
        ),
        Step(
            "denial",
            _("How long the entry lives"),
            _("SET … EX gives it a time to live: the access token’s lifetime, and one minute for clocks that differ."),
            _("By then every access token of this login has expired. So the list has only logins that ended recently."),
            Look(),
            look_at=("inside SET",),
            expect=Expect(204, inside=("SET",)),
            name=_("The entry’s lifetime"),
        ),
        Step(
            "access-refused",
            _("Send the access token after the log-out"),
            _("A client that has kept the access token sends it. Its signature is right and it has not expired."),
            _("It is refused all the same: the denylist has an entry for its login."),
            Request("GET", "/hybrid/profile", headers=HYBRID_ACCESS),
            who="other",
            look_at=("request Authorization", "inside at+jwt", "inside GET", "response status", "response body"),
            expect=Expect(401, code="invalid_token", inside=DENIED),
            alive="hybrid_access_token",
            name=_("Access token after it"),
            predict=Prediction(
                _("The access token has a right signature and has not expired. What does the server answer?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "refresh-refused",
            _("Send the refresh token after the log-out"),
            _("The same client sends the refresh token, to get a new access token."),
            _("The member database says that its family has ended. Now both tokens are worthless."),
            Request("POST", "/hybrid/refresh", body={"refresh_token": "{hybrid_refresh_token}"}),
            who="other",
            look_at=("request body", "inside SELECT refresh_families", "response status", "response body"),
            expect=Expect(401, code="refresh_invalid", inside=("SELECT refresh_families",)),
            compares="refresh",
            name=_("Refresh token after it"),
            predict=Prediction(
                _("And the refresh token of the same login?"),
                (
                    Option(_("The server issues new tokens."), Expect(200)),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "token-login",
            _("The same without a denylist"),
            _("alice logs in at /token. Its tokens are of the same kind, but nothing reads a denylist there."),
            _("Does the same log-out end both tokens here too?"),
            Request("POST", "/token/login", body=ALICE, keeps=TOKENS),
            look_at=("request line", "response body"),
            expect=Expect(200),
            name=_("Without a denylist"),
        ),
        Step(
            "token-logout",
            _("Log out there"),
            _("The server ends the token family in the member database. It writes nothing into the store."),
            _("An entry would be of no use: no request to /token would read it."),
            Request("POST", "/token/logout", headers={**ACCESS, "X-Refresh-Token": "{refresh_token}"}),
            look_at=("request Authorization", "inside UPDATE refresh_families", "response status"),
            expect=Expect(204, inside=("UPDATE refresh_families",), not_inside=("store",)),
            alive="access_token",
        ),
        Step(
            "token-still-in",
            _("When the notes’ sentence holds"),
            _("A client that has kept this access token sends it after the log-out, and is let in until it expires."),
            _(
                "The lecture notes’ “a log-out expires both tokens” holds with a denylist, at the price of a look-up a request. Without one it holds for the refresh token only."
            ),
            Request("GET", "/token/profile", headers=ACCESS),
            who="other",
            look_at=("request Authorization", "inside at+jwt", "response status", "response body"),
            expect=Expect(200, member="alice", inside=("at+jwt",), not_inside=("store", "db")),
            alive="access_token",
            name=_("After this log-out"),
            predict=Prediction(
                _("The same log-out, but nothing reads a denylist at /token. What does the server answer?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
    ),
    end=Ending(
        _(
            "By hybrid yes, because a denylist names the ended login. Without one the access token works until it expires."
        ),
        (
            _("Two tokens need two ends: the family in the member database, and the entry in the denylist."),
            _("The denylist is read on every request. That is what a token that can be revoked costs."),
            _("The entry is deleted when every access token of the login has expired."),
        ),
    ),
)
