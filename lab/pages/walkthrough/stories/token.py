"""A token login: the token's content, how long it is valid, and what a logout cannot end."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import (
    ASK,
    LET_IN,
    NOBODY_ASKED,
    REFRESH,
    RENEWED,
    RUN_OUT,
    SHORT_S,
    STOLEN_REFRESH,
    login,
)
from lab.pages.walkthrough.story import Act, Beyond, Ending, Expect, Option, Prediction, Request, Step, Story

TOKEN = Story(
    slug="token",
    approach="token",
    title=_("Token"),
    question=_("Can a token be revoked?"),
    credentials={"token": "access_token"},
    anew=("login", "short", "login-again"),
    steps=(
        Step(
            "login",
            _("Log in"),
            _(
                "The server checks name and password and answers with two signed tokens. It does not keep the "
                "access token."
            ),
            _(
                "The member database stores only a hash of the refresh token’s id. It is enough to check the "
                "token, but not to create one."
            ),
            login(),
            look_at=("request body", "response body"),
            expect=Expect(200),
        ),
        Step(
            "header",
            _("Ask for a page"),
            _("The client sends the access token in a header. The node checks its signature, without any look-up."),
            _("No look-up is needed: a session’s data is in the store, a token contains its own data."),
            ASK,
            look_at=("request Authorization", "inside at+jwt", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
            predict=Prediction(
                _("The node has never seen this token. Does it ask the store or the database?"),
                (
                    Option(_("Yes, it looks the token up."), Expect(200, inside=("GETEX",))),
                    Option(_("No, it only checks the signature."), NOBODY_ASKED),
                ),
            ),
        ),
        Step(
            "any-node",
            _("Ask again"),
            _(
                "The balancer selects the nodes in turn (round robin). Each has the key, so each can check the "
                "signature."
            ),
            _("More servers can be added without a shared store."),
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
                "Encoding is not encryption: do not put secrets into a token. The signature only protects "
                "against changes."
            ),
            Act("read", "access_token"),
            look_at=("payload role",),
        ),
        Step(
            "short",
            _("Log in for four seconds, and wait"),
            _(
                "The lab issues an access token that is valid for four seconds. The page reads its expiry and "
                "counts down."
            ),
            _("A token is hard to revoke, so it gets a short lifetime. Then it must be renewed often."),
            login(access_ttl_s=SHORT_S),
            look_at=("request body", "response body"),
            expect=Expect(200),
            then=RUN_OUT,
            name=_("A four-second token"),
        ),
        Step(
            "expired",
            _("Send it too late"),
            _("The signature is still right, but the token has expired."),
            _("The node answers 401 and says that the token is no longer valid, so the client knows what to do."),
            ASK,
            look_at=("response status", "response WWW-Authenticate", "response body"),
            expect=Expect(401, code="expired_token"),
            predict=Prediction(
                _("The signature is right, and the time has passed. What does the server answer?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "refresh",
            _("Refresh"),
            _("The client sends the refresh token. The server compares it with its storage and issues two new tokens."),
            _("A refresh needs a look-up, but only once per lifetime of an access token, not once per request."),
            REFRESH,
            look_at=("request body", "inside UPDATE refresh_tokens", "response body"),
            expect=RENEWED,
            compares="refresh",
        ),
        Step(
            "login-again",
            _("Log in again"),
            _("A new login with the lab’s usual lifetime, so that there is time for the next steps."),
            _("Each login has its own token family in the member database."),
            login(),
            look_at=("response body",),
            expect=Expect(200),
        ),
        Step(
            "logout",
            _("Log out"),
            _("The server ends the token family: from now on nothing can be refreshed."),
            _("It cannot end the access token, because it stores none and looks none up."),
            Request("POST", "/token/logout", headers={"Authorization": "Bearer {access_token}"}),
            look_at=("request Authorization", "response status"),
            expect=Expect(204),
            alive="access_token",
        ),
        Step(
            "still-in",
            _("Use the access token after the log-out"),
            _("A thief sends a copy of the access token of the ended login."),
            _(
                "The server accepts it until it expires. A session would already be invalid. This is the cost "
                "of saving the look-up."
            ),
            ASK,
            who="other",
            plays="thief",
            look_at=("request Authorization", "response status", "response body"),
            expect=LET_IN,
            alive="access_token",
            name=_("Use it after log-out"),
            predict=Prediction(
                _("alice has logged out. A thief sends her access token. What does the server answer?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "no-refresh",
            _("Try to refresh after the log-out"),
            _("The client sends the refresh token of the login that has ended."),
            _("This is the effect of the log-out: the login lasts only until the access token expires."),
            REFRESH,
            look_at=("request body", "response status", "response body"),
            expect=Expect(401, code="refresh_invalid"),
            compares="refresh",
            name=_("Try to refresh"),
            predict=Prediction(
                _("And the refresh token of the same login?"),
                (
                    Option(_("The server issues new tokens."), RENEWED),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
    ),
    end=Ending(
        _("An access token cannot be revoked: a log-out ends only the refresh, and a copy works until it expires."),
        (
            _("A token carries its own data. Any node checks it with a key and asks nothing."),
            _("Its content is readable without a key. The signature protects only against changes."),
            _("No request looks it up, so it cannot be taken back. That is why its lifetime is short."),
        ),
        (
            Beyond(
                _("A thief with a copy can also write, until the token expires:"), _("write a note"), "/token/notes"
            ),
            STOLEN_REFRESH,
        ),
    ),
)
