"""The data types of stories. The player sends each request for real: a story contains no answers.

The player fills texts in {braces} with values from earlier responses. Three values are set at the start: {member}, a
random load member; {grace_s}, the lab's setting; and {cookie}, the prefix of the lab's cookie names.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from flask_babel import LazyString

from service.approaches import BY_NAME

Who = Literal["browser", "other"]
Plays = Literal["other", "thief", "bob"]


@dataclass(frozen=True)
class Request:
    """A request to send, `times` at once as from several tabs.

    `keeps`: values to take from the answer: `{"sid": "cookie sid", "id": "body a.b", "t": "header X-Access-Token"}`.
    `cookies`: also send the browser's cookies for an approach that usually has its tokens in headers.
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
    """An action in the browser, without a request.

    `copy` a variable to the other client, `read` a token, `forge` one with the role admin, `wait` until a token
    expires, or `rest` until that many seconds after the last request.
    """

    kind: Literal["copy", "read", "forge", "wait", "rest"]
    of: str


@dataclass(frozen=True)
class Repeat:
    """Live on after the answer: `times` times wait until the access token expires, `ask`, get refused, and `renew`.

    A lifetime of the token stands for `minutes_each`.
    """

    renew: Request
    ask: Request
    times: int
    minutes_each: int


@dataclass(frozen=True)
class Look:
    """Show more of the previous step's exchange. No request is sent."""


@dataclass(frozen=True)
class Expect:
    """The expected result: the status, and the error code or the member's name and role.

    `inside`: prefixes of steps that the server's trace must have. `not_inside`: parts that it must not have. `same`: a
    token in the body that must be equal in all answers to a request sent several `times`.
    """

    status: int
    code: str | None = None
    member: str | None = None
    role: str | None = None
    inside: tuple[str, ...] = ()
    not_inside: tuple[str, ...] = ()
    same: str | None = None


@dataclass(frozen=True)
class Option:
    """One answer to a prediction. It is right if the real answer is as `means` says."""

    text: LazyString | str
    means: Expect


@dataclass(frozen=True)
class Prediction:
    """A question before a telling step, and two or three answers: exactly one of them is right."""

    question: LazyString | str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Beyond:
    """A sentence, and a link to where it can be tried."""

    text: LazyString | str
    link: LazyString | str
    path: str


@dataclass(frozen=True)
class Ending:
    """How a walk ends: its title's question answered in one sentence, and what was seen in three lines.

    `beyond`: what the walk does not show, each with a link to where it is shown.
    """

    answer: LazyString | str
    recap: tuple[LazyString | str, LazyString | str, LazyString | str]
    beyond: tuple[Beyond, ...] = ()


@dataclass(frozen=True)
class Step:
    """One screen. `look_at`: the lines to highlight, such as `request Cookie`, `response status`, `inside GETEX`,
    `payload exp`.

    `puts_away`: a token that the client puts into a safe place, apart from what it sends.
    `then`: an action to wait for after the answer, in the same click. A short-lived token is requested in the step that
    waits for its expiry, so that reading time does not matter.
    `alive`: a token that must not have expired. If it has, after minutes of reading, the player repeats the walk from a
    step that gets a new one.
    `compares`: the client's credential that this step compares with a stored row, shown side by side.
    `name`: a few words for the strip of steps, where the title is too long for it.
    `predict`: what a visitor is asked before the request is sent.
    `plays`: who the other client is in this step.
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
    puts_away: str | None = None
    then: Act | Repeat | None = None
    compares: Literal["password", "refresh"] | None = None
    name: LazyString | str | None = None
    predict: Prediction | None = None
    plays: Plays = "other"

    @property
    def approach(self) -> str | None:
        """Return the approach of this step's request; None if the step concerns all approaches of the story."""
        prefix = self.does.path.split("/")[1] if isinstance(self.does, Request) else None
        return prefix if prefix in BY_NAME and BY_NAME[prefix].has_logins else None


@dataclass(frozen=True)
class Story:
    """A walk. `credentials`: by approach, the variable of the credential whose server-side records are shown.

    `anew`: the steps from which the walk can be repeated when its login has ended or belongs to another browser.
    """

    slug: str
    approach: str
    title: LazyString | str
    question: LazyString | str
    credentials: Mapping[str, str]
    anew: tuple[str, ...]
    steps: tuple[Step, ...]
    end: Ending

    def view(self, **given: object) -> dict[str, Any]:
        """Return the story as JSON data in the reader's language. `given`: values that are set at the start."""
        return {
            "slug": self.slug,
            "approach": self.approach,
            "title": str(self.title),
            "credentials": dict(self.credentials),
            "given": given,
            "anew": self.anew,
            "steps": [_view(step) for step in self.steps],
            "end": {"answer": str(self.end.answer), "recap": [str(line) for line in self.end.recap]},
        }

    def has(self, step_id: str) -> bool:
        """Return whether there is a step with this id."""
        return any(step.id == step_id for step in self.steps)


def _view(step: Step) -> dict[str, Any]:
    words = {"title": str(step.title), "name": str(step.name or step.title)}
    words |= {"what": str(step.what), "why": str(step.why)}
    expect = None if step.expect is None else asdict(step.expect)
    told = {"id": step.id, "who": step.who, "look_at": step.look_at, "expect": expect, "alive": step.alive}
    told |= {"puts_away": step.puts_away, "plays": step.plays}
    done = {**_does(step.does), **({} if step.then is None else _does(step.then))}
    asked = {"predict": None if step.predict is None else _asked(step.predict)}
    return {**words, **told, **asked, "approach": step.approach, "compares": step.compares, **done}


def _asked(prediction: Prediction) -> dict[str, Any]:
    options = [{"text": str(option.text), "means": asdict(option.means)} for option in prediction.options]
    return {"question": str(prediction.question), "options": options}


def _does(does: Request | Act | Look | Repeat) -> dict[str, Any]:
    if isinstance(does, Repeat):
        return {"act": {"kind": "repeat", **asdict(does)}}
    kinds: dict[type, str] = {Request: "request", Act: "act", Look: "look"}
    return {kinds[type(does)]: asdict(does)}
