"""What a story is made of. The player sends each request for real; nothing here is an answer.

Texts in {braces} are filled by the player, from what earlier responses really said. Three it knows from the start:
{member}, a load member picked anew for each walk, {grace_s}, the lab’s own setting, and {cookie}, with which the names
of its cookies begin.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from flask_babel import LazyString

Who = Literal["browser", "other"]

KEEPERS = ("memory", "session", "token", "hybrid")


@dataclass(frozen=True)
class Request:
    """A request to send, `times` at once as from several tabs.

    `keeps` names what to take from the answer: `{"sid": "cookie sid", "id": "body a.b", "t": "header X-Access-Token"}`.
    `cookies`: the browser's cookies go along also where tokens usually come in headers.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    keeps: Mapping[str, str] = field(default_factory=dict)
    cookies: bool = False
    times: int = 1


@dataclass(frozen=True)
class Act:
    """Something that no server sees.

    `copy` a variable to the other client, `read` a token, `forge` one by making its role admin, `wait` until a token
    expires, `rest` for that many seconds since the last request.
    """

    kind: Literal["copy", "read", "forge", "wait", "rest"]
    of: str


@dataclass(frozen=True)
class Look:
    """A closer look at the exchange of the step before: nothing is sent, the same answer is read on."""


@dataclass(frozen=True)
class Expect:
    """What this step claims: the status, and the error's code or the member's name and role.

    `inside` are beginnings of steps that the server's trace has, `not_inside` parts that it has not; `same` is a token
    in the body that every answer to a request sent several `times` has brought.
    """

    status: int
    code: str | None = None
    member: str | None = None
    role: str | None = None
    inside: tuple[str, ...] = ()
    not_inside: tuple[str, ...] = ()
    same: str | None = None


@dataclass(frozen=True)
class Step:
    """One screen. `look_at` names the lines that tell the point: `request Cookie`, `response status`, `inside GETEX`,
    `payload exp`.

    `then` is waited for once the answer has come, in the same press. What is to expire soon is asked for in the step
    that waits for its end, so that no time runs while a learner reads.
    `alive` is a token that must not have expired. If it has all the same, after minutes of reading, the player does the
    walk anew from a step that brings a new one.
    """

    id: str
    title: LazyString | str
    what: LazyString | str
    why: LazyString | str
    does: Request | Act | Look
    who: Who = "browser"
    look_at: tuple[str, ...] = ()
    expect: Expect | None = None
    alive: str | None = None
    then: Act | None = None

    @property
    def approach(self) -> str | None:
        """Return the approach that this step's request goes through; None for what concerns all of a story's."""
        prefix = self.does.path.split("/")[1] if isinstance(self.does, Request) else None
        return prefix if prefix in KEEPERS else None


@dataclass(frozen=True)
class Story:
    """A walk. `credentials` names by approach the variable whose stored records are shown.

    `anew` are the steps from which on it can be done again when its login has ended, or is not this browser's any more.
    """

    slug: str
    approach: str
    title: LazyString | str
    question: LazyString | str
    credentials: Mapping[str, str]
    anew: tuple[str, ...]
    steps: tuple[Step, ...]

    def view(self, **given: object) -> dict[str, Any]:
        """Return the story as the player reads it, in the reader's language; `given` are values known beforehand."""
        return {
            "slug": self.slug,
            "approach": self.approach,
            "title": str(self.title),
            "credentials": dict(self.credentials),
            "given": given,
            "anew": self.anew,
            "steps": [_view(step) for step in self.steps],
        }

    def has(self, step_id: str) -> bool:
        """Tell whether there is a step of this name."""
        return any(step.id == step_id for step in self.steps)


def _view(step: Step) -> dict[str, Any]:
    words = {"title": str(step.title), "what": str(step.what), "why": str(step.why)}
    expect = None if step.expect is None else asdict(step.expect)
    told = {"id": step.id, "who": step.who, "look_at": step.look_at, "expect": expect, "alive": step.alive}
    done = {**_does(step.does), **({} if step.then is None else _does(step.then))}
    return {**words, **told, "approach": step.approach, **done}


def _does(does: Request | Act | Look) -> dict[str, Any]:
    kinds: dict[type, str] = {Request: "request", Act: "act", Look: "look"}
    return {kinds[type(does)]: asdict(does)}
