"""A copied refresh token: when does the server notice that two clients use one login?"""

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import CURL, Begun, Mission, Part, Verdict
from lab.trials import Kept
from service.errors import BearerError, RefreshReused
from service.web.fields import Fields


def begin(ground: Ground) -> Begun:
    """Log a load member in. The lab acts as the member’s client; the visitor gets a copy of its refresh token."""
    player, config = ground.player(), ground.config
    pair = ground.token.credential.issue_for(player, config.access_ttl_s, config.refresh_ttl_s)
    return Begun({"refresh": pair.refresh}, {"REFRESH_TOKEN": pair.refresh}, player.username)


def judge(ground: Ground, kept: Kept, _fields: Fields) -> Verdict:
    """Refresh as the member’s client does. Only the answer `refresh_reused` to it solves the mission."""
    try:
        kept["refresh"] = ground.token.credential.renew(kept["refresh"]).refresh
    except RefreshReused:
        return Verdict(
            True,
            gettext(
                "The member’s client sent a refresh token whose successor had been used, too. So the server ended"
                " the login for both of you. It cannot know which of you is the member."
            ),
        )
    except BearerError:
        return Verdict(
            False,
            gettext(
                "The login had ended before the member’s client refreshed: by a log-out, or because you used a token"
                " twice. Begin again."
            ),
        )
    return Verdict(
        False,
        gettext(
            "The member’s client has just refreshed and got new tokens, as usual. Refresh with your"
            " copy, and then with the token that you get for it."
        ),
    )


NOTICED_THEFT = Mission(
    slug="noticed-theft",
    approach="token",
    minutes=5,
    title=_("Make the server notice a theft"),
    goal=_("Use a copied refresh token so that the member’s next refresh ends the login."),
    who=_(
        "You have a copy of a load member’s refresh token. The member’s client has the same one, and refreshes when you"
        " press “Check”."
    ),
    tool=CURL,
    hints=(
        _("POST /token/refresh takes a refresh token and answers with its successor. Each is used once."),
        _(
            "One more use of the same token is not yet a theft: two tabs do that. The server notices when the"
            " successor has been used as well."
        ),
        _("Refresh with your copy, refresh again with what you got, and press “Check”."),
    ),
    solution=(
        Part(
            _("Refresh twice: with the copy, and with its successor."),
            """\
refresh() {
  curl -s "$LAB/token/refresh" -H 'Content-Type: application/json' -d "{\\"refresh_token\\": \\"$1\\"}" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["refresh_token"])'
}
NEXT=$(refresh "$REFRESH_TOKEN")
refresh "$NEXT\"""",
        ),
    ),
    walk="/walkthrough/rotation-and-theft/noticed",
    begin=begin,
    judge=judge,
)
