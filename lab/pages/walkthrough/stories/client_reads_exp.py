"""A client that reads `exp` and refreshes before it sends, so that it gets no 401."""

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ASK, NOBODY_ASKED, REFRESH, RENEWED, RUN_OUT, SHORT_S, login
from lab.pages.walkthrough.story import Act, Ending, Expect, Option, Prediction, Step, Story

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
                "This replaces steps 9 to 11 of “The notes’ 14 steps of a refresh”: the client learns from exp what a "
                "refused request would have told it."
            ),
            REFRESH,
            look_at=("request line", "request body", "response body"),
            expect=RENEWED,
            compares="refresh",
            name=_("Refresh first"),
            predict=Prediction(
                _("exp has passed, so the client sends the refresh token alone. What does the server answer?"),
                (
                    Option(_("Two new tokens."), RENEWED),
                    Option(_("401: the access token is missing."), Expect(401)),
                ),
            ),
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
            predict=Prediction(
                _("The client asks with the new token. Is it accepted at the first attempt?"),
                (
                    Option(_("Yes, and no request was refused in this walk."), Expect(200, member="alice")),
                    Option(_("No, the first attempt always gets 401."), Expect(401)),
                ),
            ),
        ),
    ),
    end=Ending(
        _("Almost: a client that reads exp refreshes in time and gets no 401, but only the server’s clock decides."),
        (
            _("The payload is readable without a key, so a client can know the expiry."),
            _("It compares exp with its clock before it sends, which costs no request."),
            _("It must be ready for a 401 all the same: clocks differ, and keys can be revoked."),
        ),
    ),
)
