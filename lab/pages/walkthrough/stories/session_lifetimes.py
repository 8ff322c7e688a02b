"""Session fixation, and the idle timeout."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ALICE
from lab.pages.walkthrough.story import Act, Expect, Request, Step, Story

BOB = {"username": "bob", "password": "builder"}
KEEPS = {"sid": "cookie sid"}
IDLE_S = 4
MADE_UP = "made-up-by-somebody-and-planted-in-a-browse"  # has the length and the characters of a real id
REFUSED = Expect(401, code="invalid_session")

SESSION_LIFETIMES = Story(
    slug="session-lifetimes",
    approach="session",
    title=_("Session ids and idle time"),
    question=_("Can somebody choose my session id, and when does it end by itself?"),
    credentials={"session": "sid"},
    anew=("plant", "login", "idle"),
    steps=(
        Step(
            "plant",
            _("bob leaves an id behind"),
            _("On a computer that many use, bob logs in with his own account, and does not log out."),
            _("Session fixation begins with an id that the attacker knows, in a browser that the victim will use."),
            Request("POST", "/session/login", body=BOB, keeps=KEEPS),
            look_at=("request body", "response Set-Cookie"),
            expect=Expect(200, member="bob"),
        ),
        Step(
            "know",
            _("bob remembers it"),
            _("bob notes the id that he has left in the browser."),
            _("If the next log-in kept that id, bob would hold the key to somebody else’s login."),
            Act("copy", "sid"),
            who="other",
        ),
        Step(
            "login",
            _("alice logs in"),
            _(
                "The browser sends bob’s cookie along with alice’s password. The server ends that session and makes a new id."
            ),
            _("A log-in always makes an id of its own. No id from before is carried over."),
            Request("POST", "/session/login", body=ALICE, keeps=KEEPS),
            look_at=("request Cookie", "response Set-Cookie"),
            expect=Expect(200, member="alice"),
        ),
        Step(
            "fixed",
            _("bob tries the id he knows"),
            _("Another client sends the id that was in the browser when alice logged in."),
            _("Its record is gone, so the fixation has led nowhere."),
            Request("GET", "/session/profile", headers={"Cookie": "{cookie}sid={copied}"}),
            who="other",
            look_at=("request Cookie", "response status", "response body"),
            expect=REFUSED,
        ),
        Step(
            "made-up",
            _("An id that bob made up"),
            _("Another client sends an id that looks right and that no server has ever issued."),
            _("The store has no record under it, and the server does not make one: an unknown id is never adopted."),
            Request("GET", "/session/profile", headers={"Cookie": f"{{cookie}}sid={MADE_UP}"}),
            who="other",
            look_at=("request Cookie", "inside GETEX", "response status"),
            expect=Expect(401, code="invalid_session", inside=("GETEX",)),
        ),
        Step(
            "idle",
            _("Log in, and do nothing for four seconds"),
            _(
                "alice logs in again, and asks the lab for a session that ends after four seconds without a request. Then "
                "nothing is sent, and the store deletes the record."
            ),
            _("The store counts them itself: the record has a time to live, and every look-up sets it anew."),
            Request("POST", "/session/login", body={**ALICE, "session_idle_s": IDLE_S}, keeps=KEEPS),
            look_at=("request body", "response Set-Cookie"),
            expect=Expect(200, member="alice"),
            then=Act("rest", str(IDLE_S)),
        ),
        Step(
            "too-late",
            _("Come back too late"),
            _("The browser sends its cookie, which is still the one it was given."),
            _(
                "Beside the idle time there is an absolute one, which no request prolongs: however busy it is, a session ends."
            ),
            Request("GET", "/session/profile"),
            look_at=("request Cookie", "inside GETEX", "response status"),
            expect=REFUSED,
        ),
    ),
)
