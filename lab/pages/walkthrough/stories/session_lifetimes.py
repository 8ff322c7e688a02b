"""Session fixation, and the idle timeout."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ALICE
from lab.pages.walkthrough.story import Act, Ending, Expect, Option, Prediction, Request, Step, Story

BOB = {"username": "bob", "password": "builder"}
KEEPS = {"sid": "cookie sid"}
IDLE_S = 4
MADE_UP = "made-up-by-bob-and-planted-in-a-web-browser"  # has the length and the characters of a real id
REFUSED = Expect(401, code="invalid_session")

SESSION_LIFETIMES = Story(
    slug="session-lifetimes",
    approach="session",
    title=_("Session ids and idle time"),
    question=_("Can an attacker choose my session id, and when does a session end by itself?"),
    credentials={"session": "sid"},
    anew=("plant", "login", "idle"),
    steps=(
        Step(
            "plant",
            _("bob leaves an id behind"),
            _("On a shared computer bob logs in with his own account, and does not log out."),
            _("Session fixation begins with an id that the attacker knows, in a browser that the victim will use."),
            Request("POST", "/session/login", body=BOB, keeps=KEEPS),
            look_at=("request body", "response Set-Cookie"),
            expect=Expect(200, member="bob"),
            name=_("bob leaves an id"),
        ),
        Step(
            "know",
            _("bob writes it down"),
            _("bob writes down the session id that he has left in the browser."),
            _("If the next log-in kept that id, bob could use the next user’s login."),
            Act("copy", "sid"),
            who="other",
            plays="bob",
            name=_("bob writes it down"),
        ),
        Step(
            "login",
            _("alice logs in"),
            _(
                "The browser sends bob’s cookie with alice’s password. The server ends bob’s session and "
                "creates a new id."
            ),
            _("A log-in always creates a new id. It never keeps an old one."),
            Request("POST", "/session/login", body=ALICE, keeps=KEEPS),
            look_at=("request Cookie", "response Set-Cookie"),
            expect=Expect(200, member="alice"),
        ),
        Step(
            "fixed",
            _("bob tries the id he knows"),
            _("bob sends the id that was in the browser when alice logged in."),
            _("Its record was deleted, so the attack has failed."),
            Request("GET", "/session/profile", headers={"Cookie": "{cookie}sid={copied}"}),
            who="other",
            plays="bob",
            look_at=("request Cookie", "response status", "response body"),
            expect=REFUSED,
            name=_("bob tries it"),
            predict=Prediction(
                _("bob knows the id that was in the browser when alice logged in. What does he get?"),
                (
                    Option(_("He is let in as alice."), Expect(200, member="alice")),
                    Option(_("He is let in as bob."), Expect(200, member="bob")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "made-up",
            _("An id that bob made up"),
            _("bob sends an id in the right format that no server has issued."),
            _("The store has no record for it, and the server does not create one: it never adopts an unknown id."),
            Request("GET", "/session/profile", headers={"Cookie": f"{{cookie}}sid={MADE_UP}"}),
            who="other",
            plays="bob",
            look_at=("request Cookie", "inside GETEX", "response status"),
            expect=Expect(401, code="invalid_session", inside=("GETEX",)),
            name=_("A made-up id"),
            predict=Prediction(
                _("No server has issued this id, but it has the right format. What does the server do?"),
                (
                    Option(_("It begins a session with this id."), Expect(200)),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "idle",
            _("Log in, and do nothing for four seconds"),
            _(
                "alice logs in again with a session that ends after four seconds without a request. Then the "
                "browser sends nothing, and the store deletes the record."
            ),
            _("The store counts the seconds: the record has a time to live, and every look-up sets it again."),
            Request("POST", "/session/login", body={**ALICE, "session_idle_s": IDLE_S}, keeps=KEEPS),
            look_at=("request body", "response Set-Cookie"),
            expect=Expect(200, member="alice"),
            then=Act("rest", str(IDLE_S)),
            name=_("Idle four seconds"),
        ),
        Step(
            "too-late",
            _("Come back too late"),
            _("The browser still has the cookie and sends it."),
            _(
                "There is also an absolute timeout, which no request extends: a session ends even if it is in "
                "constant use."
            ),
            Request("GET", "/session/profile"),
            look_at=("request Cookie", "inside GETEX", "response status"),
            expect=REFUSED,
            predict=Prediction(
                _("The browser still has the cookie, and four seconds have passed without a request. What now?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
    ),
    end=Ending(
        _(
            "No: a log-in always creates a new id, so an id that was planted before is worthless. And a session ends when it is not used for its idle time."
        ),
        (
            _("An unknown id is refused, never adopted. The server alone makes ids."),
            _("A log-in ends the session that the browser had before."),
            _("The store counts the idle time, and deletes the record by itself."),
        ),
    ),
)
