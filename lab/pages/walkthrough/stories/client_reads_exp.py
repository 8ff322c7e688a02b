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
            _("An access token is meant for the server. Nothing keeps the client from reading it all the same."),
            login(),
            look_at=("request body", "response body"),
            expect=Expect(200),
        ),
        Step(
            "read",
            _("Read exp"),
            _("The client decodes the payload and finds exp: the second from which the token is refused."),
            _("No key is needed for that. The payload is base64url, and that is no encryption."),
            Act("read", "access_token"),
            look_at=("payload exp",),
        ),
        Step(
            "ask",
            _("Compare, then ask"),
            _("The client compares exp with its clock: there is time left, so it sends the token."),
            _("The comparison costs the client nothing, and the server nothing either."),
            ASK,
            look_at=("request Authorization", "response status", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
        ),
        Step(
            "wait",
            _("Let exp pass"),
            _(
                "So that you need not wait for minutes, alice logs in once more, for an access token of four seconds. The "
                "client has nothing to send, and the token expires unseen."
            ),
            _("A client could refresh now, in the background. This one waits until there is something to send."),
            login(access_ttl_s=SHORT_S),
            look_at=("request body", "response body"),
            expect=Expect(200),
            then=RUN_OUT,
        ),
        Step(
            "refresh",
            _("Refresh before asking"),
            _("The client compares again: exp has passed. So it refreshes first, and leaves the dead token unsent."),
            _("This replaces steps 9 to 11 of the fourteen: no request is refused to learn what exp says already."),
            REFRESH,
            look_at=("request line", "request body", "response body"),
            expect=RENEWED,
        ),
        Step(
            "ask-again",
            _("Ask with the new one"),
            _("The request goes out with the new access token, and is let in at the first attempt."),
            _(
                "No 401 was seen. A good client expects one nevertheless: its clock may be wrong, and only the server’s "
                "counts."
            ),
            ASK,
            look_at=("request Authorization", "response status", "response body"),
            expect=NOBODY_ASKED,
            alive="access_token",
        ),
    ),
)
