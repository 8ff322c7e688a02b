"""The data types of missions: the words are data, and two functions begin a try and judge it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _

from lab.pages.missions.ground import Ground
from lab.trials import Kept
from service.errors import ServiceError
from service.web.fields import Fields, text_field

MAX_ANSWER = 4096

CURL = "curl"
CURL_AND_PYTHON = _("curl and Python")
BROWSER = _("the browser")


@dataclass(frozen=True)
class Begun:
    """A new try. `kept`: what the lab keeps to judge it. `given`: what the visitor gets. `player`: as in `lab.trials`.

    In a given value `$LAB` stands for the lab's own address, and `$TRIAL` for the id of the try.
    """

    kept: Kept
    given: Mapping[str, str]
    player: str | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether the mission is solved, and a sentence that says why, or what is missing."""

    solved: bool
    says: str


@dataclass(frozen=True)
class Part:
    """One part of a solution: what to do, and the commands of a shell that do it.

    The commands use the given values as variables. They print each answer as `name: value`. Afterwards comes a check.
    """

    does: LazyString | str
    commands: str


@dataclass(frozen=True)
class Mission:
    """One mission. `who`: who the visitor is in it, and what they have. `tool`: what is enough to solve it.

    `answers`: the fields to fill in, by name, with their labels. `walk`: the page's part or the walk's step that shows
    the solution. `unsafe`: it attacks a server that is unsafe on purpose. `judge` may change what is kept.
    """

    slug: str
    approach: str | None
    minutes: int
    title: LazyString | str
    goal: LazyString | str
    who: LazyString | str
    tool: LazyString | str
    hints: tuple[LazyString | str, ...]
    solution: tuple[Part, ...]
    walk: str
    begin: Callable[[Ground], Begun]
    judge: Callable[[Ground, Kept, Fields], Verdict]
    answers: Mapping[str, LazyString | str] = field(default_factory=dict)
    unsafe: bool = False


def answer(fields: Fields, name: str) -> str:
    """Return what was filled into a field, without the white space of a copied line. Raise 400 if it is empty."""
    return text_field(fields, name, MAX_ANSWER).strip()


def refused(error: ServiceError) -> str:
    """Return what the server said when it refused a credential."""
    return str(gettext("The server refuses it: %(why)s.", why=error.title))
