"""Rotation: two tabs may use the same refresh token, a thief may not."""

from dataclasses import replace

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ASK, LET_IN, REFRESH, RENEWED, login
from lab.pages.walkthrough.story import Act, Ending, Expect, Option, Prediction, Request, Step, Story

STOLEN = Request(
    "POST", "/token/refresh", body={"refresh_token": "{copied}"}, keeps={"stolen_refresh_token": "body refresh_token"}
)
STOLEN_SUCCESSOR = Request("POST", "/token/refresh", body={"refresh_token": "{stolen_refresh_token}"})

ROTATION_AND_THEFT = Story(
    slug="rotation-and-theft",
    approach="token",
    title=_("Rotation and theft"),
    question=_("How is a stolen refresh token detected?"),
    credentials={"token": "access_token"},
    anew=("login", "login-again"),
    steps=(
        Step(
            "login",
            _("Log in"),
            _("alice logs in. The member database now has a family with one refresh token in it."),
            _("All refresh tokens of this login belong to this family, and end with it."),
            login(),
            look_at=("inside INSERT refresh_families", "inside INSERT refresh_tokens", "response body"),
            expect=Expect(200),
        ),
        Step(
            "rotate",
            _("Refresh once"),
            _("The refresh token is exchanged: it is marked as used, and the answer has its successor."),
            _("Rotation: each refresh token can be used once. If two clients use it, the server can detect that."),
            REFRESH,
            look_at=("request body", "inside UPDATE refresh_tokens", "inside INSERT refresh_tokens", "response body"),
            expect=RENEWED,
            compares="refresh",
        ),
        Step(
            "race",
            _("Two tabs at the same moment"),
            _(
                "Two requests send the same refresh token at once. The first one uses it. The second one gets "
                "the same successor."
            ),
            _(
                "The lab has a grace period of {grace_s} s for this. A strict server would treat the second tab "
                "as a thief, and log alice out."
            ),
            replace(REFRESH, times=2),
            look_at=("request body", "response status", "response body"),
            expect=Expect(200, same="refresh_token"),
            compares="refresh",
            name=_("Two tabs at once"),
            predict=Prediction(
                _("Two tabs send the same refresh token at once. What do they get?"),
                (
                    Option(_("Both get the same successor."), Expect(200, same="refresh_token")),
                    Option(_("Both are logged out."), Expect(401)),
                ),
            ),
        ),
        Step(
            "steal",
            _("Steal the refresh token"),
            _("A thief copies the refresh token from alice’s client."),
            _("With it the thief could get access tokens for as long as the login lasts, without alice noticing."),
            Act("copy", "refresh_token"),
            who="other",
            plays="thief",
            name=_("Steal the token"),
        ),
        Step(
            "rotate-again",
            _("alice refreshes as usual"),
            _("alice’s client exchanges the token. So the copied token is used, too."),
            _("Without rotation the copy would still work like the original."),
            REFRESH,
            look_at=("request body", "inside UPDATE refresh_tokens", "response body"),
            expect=RENEWED,
            compares="refresh",
            name=_("alice refreshes"),
        ),
        Step(
            "grace",
            _("Let the grace period pass"),
            _("For {grace_s} s the used token still returns the same successor, as for the second of two tabs."),
            _("This is the cost of the grace period: a thief who repeats every refresh within it is not detected."),
            Act("rest", "{grace_s}"),
            name=_("Grace period passes"),
        ),
        Step(
            "theft",
            _("The thief uses the copy"),
            _(
                "The thief sends the used refresh token. Its successor is still unused: the server issues "
                "another one, and invalidates alice’s."
            ),
            _("alice’s own client would send the same if an answer to it had been lost."),
            STOLEN,
            who="other",
            plays="thief",
            look_at=("request body", "inside UPDATE refresh_tokens", "response status", "response body"),
            expect=RENEWED,
            compares="refresh",
            name=_("Thief uses the copy"),
            predict=Prediction(
                _("The thief sends the copied token, which alice has used already. What does the server answer?"),
                (
                    Option(_("New tokens."), RENEWED),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "noticed",
            _("alice refreshes again"),
            _("alice’s client sends the invalidated token. The server revokes the whole family."),
            _(
                "Two clients have tokens of this login. The server cannot know which of them is alice, so it logs "
                "both out."
            ),
            REFRESH,
            look_at=("request body", "inside UPDATE refresh_families", "response status", "response body"),
            expect=Expect(401, code="refresh_reused", inside=("UPDATE refresh_families",)),
            compares="refresh",
            predict=Prediction(
                _("Now alice sends hers, which is no longer the newest. What does the server answer?"),
                (
                    Option(_("New tokens for alice. Only the thief is logged out."), RENEWED),
                    Option(_("It refuses alice too: the whole login ends."), Expect(401, code="refresh_reused")),
                ),
            ),
        ),
        Step(
            "thief-too",
            _("The thief is logged out, too"),
            _("The thief’s new refresh token is refused as well, though it was never used."),
            _("alice has to log in again. This makes the theft visible."),
            STOLEN_SUCCESSOR,
            who="other",
            plays="thief",
            look_at=("request body", "response status", "response body"),
            expect=Expect(401, code="refresh_invalid"),
            compares="refresh",
            name=_("The thief tries again"),
        ),
        Step(
            "access",
            _("The last access token"),
            _("alice’s last access token is still accepted."),
            _(
                "The end of the family stops every refresh. An access token from before is valid for a few more "
                "minutes."
            ),
            ASK,
            look_at=("request Authorization", "response status", "response body"),
            expect=LET_IN,
            alive="access_token",
            predict=Prediction(
                _("The login has ended. Does alice’s last access token still open the page?"),
                (
                    Option(_("The server lets the client in as alice."), Expect(200, member="alice")),
                    Option(_("The server refuses it."), Expect(401)),
                ),
            ),
        ),
        Step(
            "login-again",
            _("Log in again"),
            _("alice logs in, and a new family begins. The thief’s copy belongs to the old one."),
            _(
                "A server can rotate strictly, rotate with a grace period, or not rotate. This lab rotates with a "
                "grace period."
            ),
            login(),
            look_at=("response body",),
            expect=Expect(200),
        ),
    ),
    end=Ending(
        _(
            "Each refresh token is used once. If two clients use tokens of one login, the server notices it and ends the whole login."
        ),
        (
            _("Rotation: every refresh gives a successor, and the used token is remembered."),
            _("A short grace period gives two tabs the same successor. It does not help a thief who comes later."),
            _("The server cannot know who the thief is. So both have to log in again."),
        ),
    ),
)
