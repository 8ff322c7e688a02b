"""A server that changes something on a GET: which requests of another site have the cookie?"""

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.ground import Ground
from lab.pages.missions.mission import BROWSER, Begun, Mission, Part, Verdict
from lab.trials import Kept
from lab.unsafe_server import CHANGING_GET, coins_server
from service.web.fields import Fields


def begin(_ground: Ground) -> Begun:
    """Make a server of the visitor's own."""
    site = "$LAB/unsafe/$TRIAL"
    return Begun(coins_server(), {"LOG_IN": f"{site}/enter", "TRANSFER": f"{site}/transfer"})


def judge(_ground: Ground, kept: Kept, _fields: Fields) -> Verdict:
    """Look at what the browser sent with the last request: the cookie, and where the request came from."""
    if kept["done"]:
        return Verdict(
            True,
            gettext(
                "A link of another site spent alice’s coin. SameSite “Lax” adds the cookie to a GET that opens a page,"
                " so a GET must not change anything."
            ),
        )
    return Verdict(False, _missing(kept["last"]))


def _missing(last: Kept | None) -> str:
    """Return what the last request lacked."""
    if last is None:
        says = gettext("No request to /transfer has arrived yet.")
    elif last["site"] is None:
        says = gettext(
            "The last request did not say where it came from (Sec-Fetch-Site). Browsers say it over https, and on the"
            " lab’s own machine."
        )
    elif last["site"] != "cross-site":
        says = gettext(
            "The last request came with Sec-Fetch-Site: %(site)s. It has to come from a page of another site.",
            site=last["site"],
        )
    else:
        says = gettext(
            "The last request came from another site as %(method)s, but without alice’s cookie. With SameSite “Lax” a"
            " browser adds it only to a GET that opens a page. Has this browser opened LOG_IN?",
            method=last["method"],
        )
    return str(says)


OTHER_SITE = Mission(
    slug=CHANGING_GET,
    approach=None,
    minutes=15,
    title=_("Spend alice’s coin from another site"),
    goal=_("Let a page of another site send a request that arrives with alice’s cookie."),
    who=_(
        "You play both sides. As alice, open LOG_IN in this browser: it gets a cookie with SameSite “Lax”. As the"
        " attacker, you have a page of your own on another site."
    ),
    tool=BROWSER,
    hints=(
        _("A file on your disk is a page of another site. Write one with a link, a form or an image, and open it."),
        _("SameSite “Lax” leaves the cookie out of images, scripts, frames, and every POST of another site."),
        _("It adds the cookie when another site’s page leads the browser to a new address: a link, or location = …"),
    ),
    solution=(
        Part(
            _(
                "Open LOG_IN. Then save this page as gift.html, open the file in the same browser and follow the link."
                " The commands do the same without a browser: they send the header that a browser would send."
            ),
            """\
echo "<a href=\\"$TRANSFER\\">A gift for you</a>" > gift.html
curl -s -c cookies.txt "$LOG_IN"
curl -s -b cookies.txt -H 'Sec-Fetch-Site: cross-site' "$TRANSFER\"""",
        ),
    ),
    walk="/storage",
    begin=begin,
    judge=judge,
    unsafe=True,
)
