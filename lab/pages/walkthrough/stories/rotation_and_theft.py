"""Rotation: two tabs may use the same refresh token, a thief may not."""

from dataclasses import replace

from flask_babel import lazy_gettext as _

from lab.pages.walkthrough.stories.parts import ASK, LET_IN, REFRESH, RENEWED, login
from lab.pages.walkthrough.story import Act, Expect, Request, Step, Story

STOLEN = Request(
    "POST", "/token/refresh", body={"refresh_token": "{copied}"}, keeps={"stolen_refresh_token": "body refresh_token"}
)
STOLEN_SUCCESSOR = Request("POST", "/token/refresh", body={"refresh_token": "{stolen_refresh_token}"})

ROTATION_AND_THEFT = Story(
    slug="rotation-and-theft",
    approach="token",
    title=_("Rotation and theft"),
    question=_("How is a stolen refresh token noticed?"),
    credentials={"token": "access_token"},
    anew=("login", "login-again"),
    steps=(
        Step(
            "login",
            _("Log in"),
            _("alice logs in. The member database now has a family with one refresh token in it."),
            _("Every refresh token that will grow out of this login belongs to this family, and ends with it."),
            login(),
            look_at=("inside INSERT refresh_families", "inside INSERT refresh_tokens", "response body"),
            expect=Expect(200),
        ),
        Step(
            "rotate",
            _("Refresh once"),
            _("The refresh token is exchanged: it is marked as spent, and its successor comes back."),
            _("Rotation: each refresh token is good for one use. Two people cannot both go on with it unnoticed."),
            REFRESH,
            look_at=("request body", "inside UPDATE refresh_tokens", "inside INSERT refresh_tokens", "response body"),
            expect=RENEWED,
        ),
        Step(
            "race",
            _("Two tabs at the same moment"),
            _(
                "Two requests carry the same refresh token at once. One spends it; the other gets the very same successor."
            ),
            _(
                "The lab gives a grace of {grace_s} s for this. A strict server would take the second tab for a thief, and "
                "log alice out."
            ),
            replace(REFRESH, times=2),
            look_at=("request body", "response status", "response body"),
            expect=Expect(200, same="refresh_token"),
        ),
        Step(
            "steal",
            _("Steal the refresh token"),
            _("Somebody copies the refresh token out of alice’s client."),
            _(
                "With it a thief could make access tokens for as long as the login lasts, and alice would notice nothing."
            ),
            Act("copy", "refresh_token"),
            who="other",
        ),
        Step(
            "rotate-again",
            _("alice refreshes as usual"),
            _("alice’s client exchanges the token, and so spends the one that was copied."),
            _("Without rotation the copy would stay as good as the original."),
            REFRESH,
            look_at=("request body", "inside UPDATE refresh_tokens", "response body"),
            expect=RENEWED,
        ),
        Step(
            "grace",
            _("Let the grace pass"),
            _("For {grace_s} s the spent token still yields the very same successor, as for the second of two tabs."),
            _("That is the price of the grace: a thief who comes within it of each refresh goes unnoticed."),
            Act("rest", "{grace_s}"),
        ),
        Step(
            "theft",
            _("The thief uses the copy"),
            _(
                "Another client sends the spent refresh token. Its successor is unused so far: the server gives another "
                "one, and takes alice’s out of use."
            ),
            _("The answer may have been lost on its way to alice: then her own client would send the same."),
            STOLEN,
            who="other",
            look_at=("request body", "inside UPDATE refresh_tokens", "response status", "response body"),
            expect=RENEWED,
        ),
        Step(
            "noticed",
            _("alice refreshes, and the theft is noticed"),
            _("alice’s client sends the token that was taken out of use. The server revokes the whole family."),
            _("Two clients hold tokens of this login. The server cannot know which of them is alice, so both are out."),
            REFRESH,
            look_at=("request body", "inside UPDATE refresh_families", "response status", "response body"),
            expect=Expect(401, code="refresh_reused", inside=("UPDATE refresh_families",)),
        ),
        Step(
            "thief-too",
            _("The thief is out too"),
            _("The thief’s new refresh token, never used before, is refused as well."),
            _("alice has to log in again. That is how a theft becomes visible."),
            STOLEN_SUCCESSOR,
            who="other",
            look_at=("request body", "response status", "response body"),
            expect=Expect(401, code="refresh_invalid"),
        ),
        Step(
            "access",
            _("What is left"),
            _("The access token that alice got last is still let in."),
            _("The family’s end stops every refresh. An access token made before it lives on, for its few minutes."),
            ASK,
            look_at=("request Authorization", "response status", "response body"),
            expect=LET_IN,
            alive="access_token",
        ),
        Step(
            "login-again",
            _("Log in again"),
            _("alice logs in, and a new family begins. The thief’s copy belongs to the old one."),
            _("Strict, with a grace, or no rotation at all: this walk has shown the second. The lab runs no other."),
            login(),
            look_at=("response body",),
            expect=Expect(200),
        ),
    ),
)
