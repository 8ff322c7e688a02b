"""What a story is made of. The player sends each request for real; nothing here is an answer.

Texts in {braces} inside a request are filled by the player, from what earlier responses really said.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from flask_babel import LazyString

Who = Literal["browser", "other"]


@dataclass(frozen=True)
class Request:
    """A request to send. `keeps` names what to take from the answer: `{"sid": "cookie sid"}`, `{"id": "body a.b"}`."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    keeps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Act:
    """Something that no server sees: `copy` a variable to the other client, `read` a token, `wait` until it expires."""

    kind: Literal["copy", "read", "wait"]
    of: str


@dataclass(frozen=True)
class Expect:
    """What this step claims: the status, and the error's code or the member's name."""

    status: int
    code: str | None = None
    member: str | None = None


@dataclass(frozen=True)
class Step:
    """One screen. `look_at` names the lines of the wire that tell the point: `request Cookie`, `response status`."""

    id: str
    title: LazyString | str
    what: LazyString | str
    why: LazyString | str
    does: Request | Act
    who: Who = "browser"
    look_at: tuple[str, ...] = ()
    expect: Expect | None = None


@dataclass(frozen=True)
class Story:
    """A walk. `credentials` are the variables whose holdings on the server are shown."""

    slug: str
    approach: str
    title: LazyString | str
    question: LazyString | str
    credentials: tuple[str, ...]
    steps: tuple[Step, ...]

    def view(self) -> dict[str, Any]:
        """Return the story as the player reads it, in the reader's language."""
        return {
            "slug": self.slug,
            "approach": self.approach,
            "title": str(self.title),
            "credentials": self.credentials,
            "steps": [_view(step) for step in self.steps],
        }

    def has(self, step_id: str) -> bool:
        """Tell whether there is a step of this name."""
        return any(step.id == step_id for step in self.steps)


def _view(step: Step) -> dict[str, Any]:
    words = {"title": str(step.title), "what": str(step.what), "why": str(step.why)}
    does = {"request": asdict(step.does)} if isinstance(step.does, Request) else {"act": asdict(step.does)}
    expect = None if step.expect is None else asdict(step.expect)
    return {"id": step.id, **words, **does, "who": step.who, "look_at": step.look_at, "expect": expect}
