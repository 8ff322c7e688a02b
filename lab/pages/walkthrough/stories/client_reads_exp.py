"""A client that reads `exp` and refreshes before it sends, so that it gets no 401."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ASK, NOBODY_ASKED, REFRESH, RENEWED, RUN_OUT, SHORT_S, login
from lab.pages.walkthrough.story import Act, Expect, Step, Story

CLIENT_READS_EXP = Story(
    slug="client-reads-exp",
    approach="token",
    title=_("The client reads exp"),
    question=_("Can a client avoid every 401?"),
    credentials={"token": "access_token"},
    anew=("login", "wait", "refresh"),
    steps=(
        Step(
            "login",
            _("Log in"),
            _("The client gets both tokens."),
            _("An access token is meant for the server, but the client can read it too."),
            login(),
            look_at=("request body", "response body"),
            expect=Expect(200),
        ),
        Step(
            "read",
            _("Read exp"),
            _("The client decodes the payload and finds exp: the time from which the token is refused."),
            _("That needs no key: base64url is not encryption."),
            Act("read", "access_token"),
            look_at=("payload exp",),
        ),
        Step(
            "ask",
            _("Compare, then ask"),
            _("The client compares exp with its clock: there is time left, so it sends the token."),
            _("The comparison needs no request."),
            ASK,
            look_at=("request Authorization", "response status", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
        ),
        Step(
            "wait",
            _("Let exp pass"),
            _(
                "To save you minutes of waiting, alice logs in again and gets an access token of four seconds. "
                "The client has nothing to send, and the token expires."
            ),
            _("A client could refresh now, in the background. This one waits until it has a request to send."),
            login(access_ttl_s=SHORT_S),
            look_at=("request body", "response body"),
            expect=Expect(200),
            then=RUN_OUT,
        ),
        Step(
            "refresh",
            _("Refresh before asking"),
            _("The client compares again: exp has passed. So it refreshes first, and does not send the expired token."),
            _(
                "This replaces steps 9 to 11 of the fourteen: the client learns from exp what a refused request "
                "would have told it."
            ),
            REFRESH,
            look_at=("request line", "request body", "response body"),
            expect=RENEWED,
            compares="refresh",
        ),
        Step(
            "ask-again",
            _("Ask with the new one"),
            _("The client sends the request with the new access token, and it is accepted at the first attempt."),
            _(
                "The client got no 401. It must be ready for one anyway: its clock may be wrong, and only the "
                "server’s clock counts."
            ),
            ASK,
            look_at=("request Authorization", "response status", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
        ),
    ),
)
