"""A server-side session: the cookie, what a copy of it can do, and how the session ends."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ALICE, STOLEN_REFRESH
from lab.pages.walkthrough.story import Act, Beyond, Ending, Expect, Option, Prediction, Request, Step, Story

ASK = Request("GET", "/session/profile")
WITH_COPY = {"Cookie": "{cookie}sid={copied}"}
LET_IN = Expect(200, member="alice")
LOOKED_UP = Expect(200, member="alice", inside=("GETEX",), not_inside=("db",))
REFUSED = Expect(401, code="invalid_session")

SESSION = Story(
    slug="session",
    approach="session",
    title=_("Session"),
    question=_("What can a thief do with a copied session id?"),
    credentials={"session": "sid"},
    anew=("login", "login-again"),
    steps=(
        Step(
            "login",
            _("Log in"),
            _(
                "The browser sends a name and a password. The server checks them, writes a record and answers "
                "with a cookie."
            ),
            _(
                "The session id in the cookie (a Java server calls it JSESSIONID) is random and says nothing about alice. "
                "It is only the key of the record, which stays on the server."
            ),
            Request("POST", "/session/login", body=ALICE, keeps={"sid": "cookie sid"}),
            look_at=("request body", "response Set-Cookie"),
            expect=LET_IN,
        ),
        Step(
            "look-up",
            _("Ask for a page"),
            _("The browser sends the cookie, and the node looks up the id in the session store."),
            _(
                "A session costs one look-up on every request. EX also sets the record’s time to live: the idle "
                "time plus 5 %."
            ),
            ASK,
            look_at=("request Cookie", "inside GETEX", "response body"),
            expect=LOOKED_UP,
            predict=Prediction(
                _("The cookie has only a random number. How does the node learn who it is?"),
                (
                    Option(_("It asks the store, once."), LOOKED_UP),
                    Option(_("It reads it from the cookie and asks nothing."), Expect(200, not_inside=("store",))),
                ),
            ),
        ),
        Step(
            "any-node",
            _("Ask again"),
            _("The balancer selects the nodes in turn (round robin). Every node asks the same store."),
            _(
                "The login is not stored in a node. A node only remembers when it last sent EX: while the "
                "record still has the full idle time, the node only reads, so the store needs no write."
            ),
            ASK,
            look_at=("request Cookie", "inside GETEX", "response X-Node"),
            expect=LOOKED_UP,
        ),
        Step(
            "renew",
            _("Get a new session id"),
            _("The server moves the record to a new id and sends it in a new cookie. The login continues."),
            _("An id that an attacker has seen, or planted before the login, is worthless after this."),
            Request("POST", "/session/renew", keeps={"old": "var sid", "sid": "cookie sid"}),
            look_at=("request Cookie", "response Set-Cookie"),
            expect=Expect(200),
            name=_("New session id"),
        ),
        Step(
            "old-id",
            _("Replay the old id"),
            _("Another client sends the old id."),
            _("There is no record for this id any more, so it gives no access, although it was once valid."),
            Request("GET", "/session/profile", headers={"Cookie": "{cookie}sid={old}"}),
            who="other",
            look_at=("request Cookie", "response status"),
            expect=REFUSED,
            predict=Prediction(
                _("The old id was valid a moment ago. What does the server answer?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "copy",
            _("Copy the cookie"),
            _("A thief copies the session id: from an unlocked screen, a log, or a connection without https."),
            _("HttpOnly hides the cookie from page scripts. It does not prevent the use of a copy."),
            Act("copy", "sid"),
            who="other",
            plays="thief",
        ),
        Step(
            "hijack",
            _("Use the copy"),
            _("The thief sends only the copied cookie."),
            _(
                "This is session hijacking. The id contains no data of alice, but the server treats every client "
                "that sends it as alice."
            ),
            Request("GET", "/session/profile", headers=WITH_COPY),
            who="other",
            plays="thief",
            look_at=("request Cookie", "response status", "response body"),
            expect=LET_IN,
            predict=Prediction(
                _("The thief has only a copy of the cookie, and no password. What does the server answer?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "logins",
            _("Look at the logins"),
            _("alice asks where she is logged in."),
            _("The copy is not in the list, because it is the same login. But she can end that login."),
            Request("GET", "/session/logins", keeps={"login_id": "body logins.current.id"}),
            look_at=("response body",),
            expect=Expect(200),
        ),
        Step(
            "end",
            _("End that login"),
            _("alice ends the login by its number, and the server deletes its record."),
            _("This number is not the session id: the list shows a login, but cannot be used to take it over."),
            Request("DELETE", "/session/logins/{login_id}"),
            look_at=("request line", "response status"),
            expect=Expect(204),
        ),
        Step(
            "shut-out",
            _("Try the copy again"),
            _("The thief sends the same cookie as before."),
            _(
                "The cookie is unchanged, and the thief still has it. But its record was deleted, so it stopped "
                "working at once."
            ),
            Request("GET", "/session/profile", headers=WITH_COPY),
            who="other",
            plays="thief",
            look_at=("request Cookie", "response status"),
            expect=REFUSED,
            predict=Prediction(
                _("alice has ended the login. The thief still has the cookie. What now?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "login-again",
            _("Log in again"),
            _("alice logs in again. There is a new record with a new id."),
            _("Each log-in creates a new id. An old id is never used again."),
            Request("POST", "/session/login", body=ALICE, keeps={"sid": "cookie sid"}),
            look_at=("response Set-Cookie",),
            expect=LET_IN,
        ),
        Step(
            "logout",
            _("Log out"),
            _("The server deletes the record, and tells the browser to delete the cookie."),
            _("Only the deleted record protects alice: a client can keep a cookie as long as it likes."),
            Request("POST", "/session/logout"),
            look_at=("response status", "response Set-Cookie"),
            expect=Expect(204),
        ),
        Step(
            "replay",
            _("Send it again after the log-out"),
            _("A client that has kept the cookie sends it."),
            _(
                "The server can end a session at once, because every request looks it up. This is the benefit "
                "of the look-up."
            ),
            Request("GET", "/session/profile", headers={"Cookie": "{cookie}sid={sid}"}),
            who="other",
            look_at=("request Cookie", "response status"),
            expect=REFUSED,
            name=_("Send it again"),
            predict=Prediction(
                _("A client has kept the cookie over the log-out. What does the server answer?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
    ),
    end=Ending(
        _("With a copied session id a thief is treated as alice, but only until the session ends."),
        (
            _("A session id is only a random number. Every request asks the store what it means."),
            _("A client that has the id has the login. HttpOnly hides the id from scripts, but does not stop a copy."),
            _("A log-out, a new id or “end that login” deletes the record, and every copy becomes worthless."),
        ),
        (
            Beyond(
                _("A thief with a copy can also write, until the session ends:"), _("write a note"), "/session/notes"
            ),
            STOLEN_REFRESH,
        ),
    ),
)
