"""The lecture notes' second process: both tokens are sent each time, in cookies, and the server reissues them."""

from dataclasses import replace

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ALICE, NOBODY_ASKED, RUN_OUT, SHORT_S
from lab.pages.walkthrough.story import Act, Ending, Expect, Option, Prediction, Request, Step, Story

IN_COOKIES = {"access_token": "cookie access", "refresh_token": "cookie refresh"}
ASK = Request("GET", "/token/profile", keeps=IN_COOKIES, cookies=True)
KEPT = Request(
    "GET", "/token/profile", headers={"Cookie": "{cookie}access={access_token}; {cookie}refresh={refresh_token}"}
)
FORGED = Request(
    "GET", "/token/profile", headers={"Cookie": "{cookie}access={forged}; {cookie}refresh={refresh_token}"}
)
REISSUED = Expect(200, member="alice", inside=("at+jwt", "rt+jwt", "UPDATE refresh_tokens", "sign"))

ASKED = {**ALICE, "transport": "cookie"}
LOG_IN = Request("POST", "/token/login", body=ASKED, keeps=IN_COOKIES, cookies=True)
LOG_IN_SHORT = replace(LOG_IN, body={**ASKED, "access_ttl_s": SHORT_S})

TOGETHER = Story(
    slug="together",
    approach="token",
    title=_("Sent together"),
    question=_("What happens when both tokens are sent each time?"),
    credentials={"token": "access_token"},
    anew=("login", "wait", "login-again"),
    steps=(
        Step(
            "login",
            _("Log in"),
            _(
                "The server issues both tokens, stores the refresh token’s hash, and sends both tokens in "
                "HttpOnly cookies."
            ),
            _("No script can read them, and no script needs to: from now on the browser sends both automatically."),
            LOG_IN,
            look_at=("request body", "response Set-Cookie"),
            expect=Expect(200, member="alice", inside=("INSERT refresh_tokens",)),
        ),
        Step(
            "ask",
            _("Ask for a page"),
            _("The browser sends both cookies. The node checks both signatures, and both tokens are valid."),
            _("Then no look-up is needed. The only extra cost is a second signature check."),
            ASK,
            look_at=("request Cookie", "inside at+jwt", "inside rt+jwt", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
            predict=Prediction(
                _("Both tokens come with the request, and both are valid. What does the node ask?"),
                (
                    Option(_("The database, about the refresh token."), Expect(200, inside=("SELECT refresh_tokens",))),
                    Option(_("Nothing."), NOBODY_ASKED),
                ),
            ),
        ),
        Step(
            "wait",
            _("Wait"),
            _(
                "To save you minutes of waiting, alice logs in again and gets an access token of four seconds. "
                "It expires, but the browser keeps its cookie."
            ),
            _(
                "The cookie is kept on purpose: an expired access token still says which login the refresh token "
                "belongs to."
            ),
            LOG_IN_SHORT,
            look_at=("request body", "response Set-Cookie"),
            expect=Expect(200, member="alice"),
            then=RUN_OUT,
        ),
        Step(
            "reissued",
            _("Ask again, too late"),
            _(
                "The same request. The server finds the access token expired, compares the refresh token with "
                "its database, and issues two new tokens."
            ),
            _("There is no 401 and no second request. The answer has the page and the new cookies."),
            ASK,
            look_at=("request Cookie", "inside UPDATE refresh_tokens", "response status", "response Set-Cookie"),
            expect=REISSUED,
            compares="refresh",
            predict=Prediction(
                _("The access token has expired. Both cookies come as before. What does the server answer?"),
                (
                    Option(_("The page, and new cookies."), REISSUED),
                    Option(_("401: expired."), Expect(401, code="expired_token")),
                ),
            ),
        ),
        Step(
            "forge",
            _("Change the access token"),
            _(
                "This page changes the role to admin in a copy of the access token. It cannot make a matching "
                "signature."
            ),
            _("Reading and changing a token needs no key. Signing it again does."),
            Act("forge", "access_token"),
            look_at=("payload role",),
            name=_("Change the token"),
        ),
        Step(
            "tampered",
            _("Send it with a genuine refresh token"),
            _("Another client sends the changed access token together with alice’s refresh token."),
            _(
                "If either token was tampered with, the request is refused, even if the other one is valid. The "
                "refresh token is not used up."
            ),
            FORGED,
            who="other",
            look_at=("request Cookie", "inside at+jwt", "response status", "response body"),
            expect=Expect(401, code="invalid_token", inside=("at+jwt",), not_inside=("db",)),
            name=_("Send the forgery"),
            predict=Prediction(
                _(
                    "The access token says admin now, and the refresh token beside it is genuine. What does the server answer?"
                ),
                (
                    Option(_("It lets the client in as an administrator."), Expect(200, role="admin")),
                    Option(_("It goes by the refresh token: alice, a user."), Expect(200, role="user")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "logout",
            _("Log out"),
            _("The server ends the token family of the refresh token, and tells the browser to delete both cookies."),
            _("A refresh token of an ended family can never be exchanged again, and neither can its copies."),
            Request("POST", "/token/logout", cookies=True),
            look_at=("inside UPDATE refresh_families", "response status", "response Set-Cookie"),
            expect=Expect(204, inside=("UPDATE refresh_families",)),
        ),
        Step(
            "wait-again",
            _("Wait again"),
            _("A client that has kept both tokens could still use the access token, until it expires."),
            _("The log-out cannot end this rest of its lifetime. Here it is at most four seconds."),
            RUN_OUT,
        ),
        Step(
            "refused",
            _("Send the kept tokens"),
            _("Another client sends both tokens of the login that has ended."),
            _(
                "The access token has expired, and the refresh token belongs to no live login. The client has to "
                "log in again."
            ),
            KEPT,
            who="other",
            look_at=("request Cookie", "inside SELECT refresh_families", "response status", "response body"),
            expect=Expect(401, code="refresh_invalid", inside=("SELECT refresh_families",)),
            compares="refresh",
            predict=Prediction(
                _(
                    "The login has ended, and the access token has expired. Both come all the same. What does the server answer?"
                ),
                (
                    Option(_("The page, and new cookies."), REISSUED),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "login-again",
            _("Log in again"),
            _("The server issues two new tokens, and stores the new refresh token."),
            _("A new login is a new family. The old family stays ended."),
            LOG_IN,
            look_at=("inside INSERT refresh_tokens", "response Set-Cookie"),
            expect=Expect(200, member="alice", inside=("INSERT refresh_tokens",)),
        ),
    ),
    end=Ending(
        _(
            "The server itself notices the expiry and answers with the page and new tokens, so the client sees no 401 and repeats nothing."
        ),
        (
            _("While both tokens are valid, nothing is looked up."),
            _("An expired access token still says which login the refresh token belongs to."),
            _("If one token was tampered with, the other one does not help."),
        ),
    ),
)
