"""Every approach described once, as data. All that differs by approach is derived from this table.

Python imports it. A template gets it as `facts`, a script from the element `approaches` of `base.html`, and a program
outside from `GET /lab/approaches`. To mount one more: `create_app(config, more=[…])`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from flask_babel import LazyString, lazy_gettext

Carrier = Literal["nothing", "cookie", "bearer"]
Place = Literal["nowhere", "memory", "store", "database"]
Asked = Literal["memory", "store", "signature"]


@dataclass(frozen=True)
class ApproachFacts:
    """What an approach is: from these facts pages, scripts, load tests, planner and bench know how to treat it.

    `name` is also its path and the name of its colour in `tokens.css`, if it has one of its own. `carrier`: what brings
    the login along, the cookie `sid` or `Authorization: Bearer`. `kept`: where the server keeps the login. `asks`: what
    a request asks before it is let in, in this order. `twin`: the approach with the same request without the store.
    `shorter`: the lifetimes that a log-in in the lab may shorten.
    """

    name: str
    label: LazyString | str
    carrier: Carrier
    kept: Place
    asks: tuple[Asked, ...] = ()
    twin: str | None = None
    shorter: tuple[str, ...] = ()

    @property
    def letter(self) -> str:
        """Its sign beside its colour."""
        return self.name[0].upper()

    @property
    def has_logins(self) -> bool:
        """Whether it has logins: without them every request is the guest's."""
        return self.carrier != "nothing"

    @property
    def is_signed(self) -> bool:
        """Whether a login is a signed text, which says who it is for and until when."""
        return "signature" in self.asks

    @property
    def store_reads(self) -> int:
        """The store commands of a request, by design."""
        return self.asks.count("store")

    @property
    def ends_at_once(self) -> bool:
        """Whether a login that has ended is refused on the next request: a signature stays right until it expires."""
        return self.asks != ("signature",)

    @property
    def in_one_node(self) -> bool:
        """Whether only one node has the login: with several it needs sticky balancing, and ends with its node."""
        return self.kept == "memory"

    @property
    def kind(self) -> str:
        """What a request asks, as one word: texts depend on it, and not on the name."""
        return "_".join(self.asks) or "nothing"

    def view(self) -> dict[str, Any]:
        """Return it as JSON data, in the reader's language."""
        derived = ("letter", "has_logins", "is_signed", "store_reads", "ends_at_once", "in_one_node", "kind")
        return {**vars(self), "label": str(self.label), **{name: getattr(self, name) for name in derived}}


IDLE, TTLS = ("session_idle_s",), ("access_ttl_s", "refresh_ttl_s")

OPEN = ApproachFacts("open", lazy_gettext("Open"), "nothing", "nowhere")
MEMORY = ApproachFacts("memory", lazy_gettext("Memory"), "cookie", "memory", ("memory",), shorter=IDLE)
SESSION = ApproachFacts("session", lazy_gettext("Session"), "cookie", "store", ("store",), "memory", IDLE)
TOKEN = ApproachFacts("token", lazy_gettext("Token"), "bearer", "database", ("signature",), shorter=TTLS)
HYBRID = ApproachFacts("hybrid", lazy_gettext("Hybrid"), "bearer", "database", ("signature", "store"), "token", TTLS)

APPROACHES = (OPEN, MEMORY, SESSION, TOKEN, HYBRID)  # in the order in which pages show them
BY_NAME = {each.name: each for each in APPROACHES}


def in_order(facts: Iterable[ApproachFacts]) -> list[ApproachFacts]:
    """Return approaches in the order of the table; others follow it."""
    return sorted(facts, key=lambda each: place_of(each.name))


def place_of(name: str) -> int:
    """Return an approach's place in the order of the table; any other approach is behind it."""
    return list(BY_NAME).index(name) if name in BY_NAME else len(BY_NAME)
