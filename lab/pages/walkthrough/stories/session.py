"""A server-side session: the cookie, what a copy of it can do, and how the session ends."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ALICE
from lab.pages.walkthrough.story import Act, Expect, Request, Step, Story

ASK = Request("GET", "/session/profile")
WITH_COPY = {"Cookie": "{cookie}sid={copied}"}
LET_IN = Expect(200, member="alice")
LOOKED_UP = Expect(200, member="alice", inside=("GETEX",), not_inside=("db",))
REFUSED = Expect(401, code="invalid_session")

SESSION = Story(
    slug="session",
    approach="session",
    title=_("Session"),
    question=_("What is a session id worth to somebody who copies it?"),
    credentials={"session": "sid"},
    anew=("login", "login-again"),
    steps=(
        Step(
            "login",
            _("Log in"),
            _(
                "The browser sends a name and a password. The server checks them, writes a record and answers with a cookie."
            ),
            _(
                "The session id in the cookie is random and says nothing about alice: it is a key, and the record stays."
            ),
            Request("POST", "/session/login", body=ALICE, keeps={"sid": "cookie sid"}),
            look_at=("request body", "response Set-Cookie"),
            expect=LET_IN,
        ),
        Step(
            "look-up",
            _("Ask for a page"),
            _("The browser sends the cookie along, and the node looks the id up in the session store."),
            _(
                "A session costs one look-up on every request. EX also sets the record’s time to live, which is the idle "
                "time and a twentieth of it."
            ),
            ASK,
            look_at=("request Cookie", "inside GETEX", "response body"),
            expect=LOOKED_UP,
        ),
        Step(
            "any-node",
            _("Ask once more"),
            _("The balancer picks a node by turns. Whichever it is, it asks the same store."),
            _(
                "The login does not live in a node, so no node has to remember it. Each node remembers when it has last "
                "sent EX: while the idle time is left all the same, it only reads, and the store has nothing to log."
            ),
            ASK,
            look_at=("request Cookie", "inside GETEX", "response X-Node"),
            expect=LOOKED_UP,
        ),
        Step(
            "renew",
            _("Get a new session id"),
            _("The server moves the record to a new id and sends it in a new cookie. The login goes on."),
            _("An id that somebody has seen, or planted before the login, is worth nothing after this."),
            Request("POST", "/session/renew", keeps={"old": "var sid", "sid": "cookie sid"}),
            look_at=("request Cookie", "response Set-Cookie"),
            expect=Expect(200),
        ),
        Step(
            "old-id",
            _("Replay the old id"),
            _("Another client sends the id from before."),
            _("There is no record under it any more, so it opens nothing, however genuine it once was."),
            Request("GET", "/session/profile", headers={"Cookie": "{cookie}sid={old}"}),
            who="other",
            look_at=("request Cookie", "response status"),
            expect=REFUSED,
        ),
        Step(
            "copy",
            _("Copy the cookie"),
            _("Somebody copies the session id: from an unlocked screen, a log, a cable without https."),
            _("HttpOnly keeps page scripts away from it. It does not keep a copy from being used."),
            Act("copy", "sid"),
            who="other",
        ),
        Step(
            "hijack",
            _("Come in with the copy"),
            _("The other client sends the copied cookie and nothing else."),
            _("This is session hijacking. The id was not alice’s data, and yet whoever shows it is taken for alice."),
            Request("GET", "/session/profile", headers=WITH_COPY),
            who="other",
            look_at=("request Cookie", "response status", "response body"),
            expect=LET_IN,
        ),
        Step(
            "logins",
            _("Look at the logins"),
            _("alice asks where she is logged in."),
            _("The copy is not in the list: it is the same login. What she can do is end that login."),
            Request("GET", "/session/logins", keeps={"login_id": "body logins.current.id"}),
            look_at=("response body",),
            expect=Expect(200),
        ),
        Step(
            "end",
            _("End that login"),
            _("alice ends the login by its number, and the server deletes its record."),
            _("The number is not the session id: to see a login is not to be able to use it."),
            Request("DELETE", "/session/logins/{login_id}"),
            look_at=("request line", "response status"),
            expect=Expect(204),
        ),
        Step(
            "shut-out",
            _("Try the copy again"),
            _("The other client sends the same cookie as before."),
            _("The cookie has not changed and nobody took it away. What it led to is gone, so it is dead at once."),
            Request("GET", "/session/profile", headers=WITH_COPY),
            who="other",
            look_at=("request Cookie", "response status"),
            expect=REFUSED,
        ),
        Step(
            "login-again",
            _("Log in again"),
            _("alice logs in once more, and there is a new record under a new id."),
            _("Each log-in makes an id of its own. None from before is ever used again."),
            Request("POST", "/session/login", body=ALICE, keeps={"sid": "cookie sid"}),
            look_at=("response Set-Cookie",),
            expect=LET_IN,
        ),
        Step(
            "logout",
            _("Log out"),
            _("The server deletes the record, and tells the browser to forget the cookie."),
            _("Only the first of the two is protection: a client may keep a cookie as long as it likes."),
            Request("POST", "/session/logout"),
            look_at=("response status", "response Set-Cookie"),
            expect=Expect(204),
        ),
        Step(
            "replay",
            _("Replay it after the logout"),
            _("A client that has kept the cookie sends it all the same."),
            _(
                "The server can end a session at once, because every request has to ask it. That is what the look-up buys."
            ),
            Request("GET", "/session/profile", headers={"Cookie": "{cookie}sid={sid}"}),
            who="other",
            look_at=("request Cookie", "response status"),
            expect=REFUSED,
        ),
    ),
)
