"""A token login: the token's content, how long it is valid, and what a logout cannot end."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ASK, LET_IN, NOBODY_ASKED, REFRESH, RENEWED, RUN_OUT, SHORT_S, login
from lab.pages.walkthrough.story import Act, Expect, Request, Step, Story

TOKEN = Story(
    slug="token",
    approach="token",
    title=_("Token"),
    question=_("Can a token be taken back?"),
    credentials={"token": "access_token"},
    anew=("login", "short", "login-again"),
    steps=(
        Step(
            "login",
            _("Log in"),
            _(
                "The server checks name and password and answers with two signed tokens. It does not keep the access token."
            ),
            _(
                "What the member database keeps is the hash of the refresh token’s id: enough to renew a login, not to use it."
            ),
            login(),
            look_at=("request body", "response body"),
            expect=Expect(200),
        ),
        Step(
            "header",
            _("Ask for a page"),
            _("The client puts the access token into a header. The node checks its signature and asks nobody."),
            _("No look-up: what a session finds in the store, the token carries along."),
            ASK,
            look_at=("request Authorization", "inside at+jwt", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
        ),
        Step(
            "any-node",
            _("Ask once more"),
            _("The balancer picks a node by turns. Each has the key, so each can check the signature."),
            _("Servers can be added without a store that they would have to share."),
            ASK,
            look_at=("request Authorization", "inside at+jwt", "response X-Node"),
            expect=NOBODY_ASKED,
            alive="access_token",
        ),
        Step(
            "read",
            _("Read the token"),
            _("Header and payload are base64url, and this page decodes them without any key."),
            _(
                "Encoding is not encryption: nothing secret belongs in a token. The signature protects against change only."
            ),
            Act("read", "access_token"),
            look_at=("payload role",),
        ),
        Step(
            "short",
            _("Log in for four seconds, and wait"),
            _("The lab issues an access token that lives four seconds. The page reads its expiry and counts down."),
            _("As a token is hard to take back, it is given a short life. A short life has to be renewed often."),
            login(access_ttl_s=SHORT_S),
            look_at=("request body", "response body"),
            expect=Expect(200),
            then=RUN_OUT,
        ),
        Step(
            "expired",
            _("Send it too late"),
            _("The signature is still right. The time is not."),
            _("The node answers 401 and says that the token is no longer valid, so the client knows what to do."),
            ASK,
            look_at=("response status", "response WWW-Authenticate", "response body"),
            expect=Expect(401, code="expired_token"),
        ),
        Step(
            "refresh",
            _("Refresh"),
            _("The client sends the refresh token. The server compares it with its storage and issues two new tokens."),
            _("Here the server does look up, but once per lifetime of an access token and not once per request."),
            REFRESH,
            look_at=("request body", "inside UPDATE refresh_tokens", "response body"),
            expect=RENEWED,
        ),
        Step(
            "login-again",
            _("Log in again"),
            _("A new login, with the lab’s usual lifetime, so that there is time to look at what comes next."),
            _("Each login is a token family of its own in the member database."),
            login(),
            look_at=("response body",),
            expect=Expect(200),
        ),
        Step(
            "logout",
            _("Log out"),
            _("The server ends the token family: from now on nothing can be refreshed."),
            _("It cannot end the access token, for it keeps none and asks nobody about one."),
            Request("POST", "/token/logout", headers={"Authorization": "Bearer {access_token}"}),
            look_at=("request Authorization", "response status"),
            expect=Expect(204),
            alive="access_token",
        ),
        Step(
            "still-in",
            _("Use the access token after the logout"),
            _("Another client sends the very token that was logged out."),
            _(
                "It is let in until the token expires. A session would be dead by now; this is the price of not looking up."
            ),
            ASK,
            who="other",
            look_at=("request Authorization", "response status", "response body"),
            expect=LET_IN,
            alive="access_token",
        ),
        Step(
            "no-refresh",
            _("Try to refresh after the logout"),
            _("The client sends the refresh token of the login that has ended."),
            _("This is what the logout did: the login lasts until the access token expires, and not longer."),
            REFRESH,
            look_at=("request body", "response status", "response body"),
            expect=Expect(401, code="refresh_invalid"),
        ),
    ),
)
