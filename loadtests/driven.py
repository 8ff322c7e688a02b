"""Locust members that the generator controls: when they send requests, and what is recorded."""

import json
import random
from dataclasses import dataclass, field
from time import perf_counter
from types import SimpleNamespace
from typing import Any, ClassVar, Never, cast

import gevent
import jwt
from locust import task
from locust.exception import StopUser

from loadtests.arms import POLL_S
from loadtests.bare import BareAnswer, BareConnection
from loadtests.locustfile import CARRIERS, Expired, LoggedOut, Member, Refusal, unanswered
from loadtests.pacer import Pacer
from loadtests.recording import Recording

BESIDE = ("/login", "/refresh", "/logout")
REFUSED_WITHIN_S = 120.0


@dataclass
class CrowdAtWork:
    """State that the members of one crowd share."""

    pacer: Pacer
    traced: bool
    algorithm: str | None = None
    recording: Recording = field(default_factory=Recording)
    broken: list[str] = field(default_factory=list)  # why members had to stop: the crowd's windows are then invalid


class Driven(Member):
    """A member that waits for the pacer after the login, and again after each request."""

    abstract = True
    crowd: ClassVar[CrowdAtWork]
    due: float | None = None

    def on_start(self) -> None:
        try:
            super().on_start()
        except StopUser:
            self.give_up("cannot log in")
        if self.crowd.algorithm and (signed_by := self._signed_by()) != self.crowd.algorithm:
            self.give_up(f"got a token signed by {signed_by} instead of {self.crowd.algorithm}")
        self.due = self.crowd.pacer.next()

    def wait_time(self) -> float:  # called by Locust between two tasks
        self.due = self.crowd.pacer.next()
        return 0.0

    def _signed_by(self) -> str | None:
        token = getattr(self, "access_token", None)
        return str(jwt.get_unverified_header(token)["alg"]) if token else None

    def context(self) -> dict[str, Any]:
        return {"member": self}

    def credentials(self) -> dict[str, str]:
        return super().credentials() | ({"X-Lab-Trace": "1"} if self.crowd.traced else {})

    def give_up(self, why: str) -> Never:
        """Stop this member, and let the generator report why."""
        answers = "; ".join(self.crowd.recording.examples.values())
        self.crowd.broken.append(f"{self.username} by {self.approach} {why}: {answers}")
        raise StopUser

    def logged_out(self) -> None:
        """Continue with the same credential: the number of such answers is measured."""

    def record(self, name: str, took_us: float, response: Any, refusal: Exception | None) -> None:
        """Record one answer."""
        if refusal is None and response.status_code == 401:
            refusal = Expired()
        if name.endswith(BESIDE):
            self.crowd.recording.beside_pages(name.rpartition("/")[2], refusal)
            self.note_beside(name, response)
        else:
            self.crowd.recording.page(response.headers or {}, took_us, self.due, refusal)

    def note_beside(self, name: str, response: Any) -> None:
        """Record from the trace which statements of a refresh or log-in wrote into the member database."""
        told = (response.headers or {}).get("x-lab-trace")
        what = name.rpartition("/")[2]
        if told is not None and what in ("refresh", "login"):
            steps = [step["what"] for step in json.loads(told) if step["part"] == "db"]
            self.crowd.recording.notes.append({what: steps, "server_us": _total_us(told)})


class WithoutRefresh(Driven):
    """A member with an access token alone: when it has expired, the member logs in again."""

    abstract = True

    def refresh(self) -> None:
        self.log_in()


class Bare(Driven):
    """Logs in like others, then requests the profile over a bare connection, with little overhead."""

    abstract = True
    _mine: bytes | None = None  # the last verified answer of this member

    @task
    def keep_asking(self) -> None:
        """Send a request whenever the pacer allows it."""
        while True:
            self.look(self.due)
            self.due = self.crowd.pacer.next()

    def on_start(self) -> None:
        self._connection: BareConnection | None = None
        super().on_start()

    def look(self, due: float | None) -> None:
        """Send one request, and record the answer."""
        if self._connection is None:
            path = f"/{self.approach}/profile{self.query}"
            self._connection = BareConnection(str(self.host), path, self.credentials())
        began = perf_counter()
        try:
            answer = self._connection.ask()
        except OSError as error:
            self.crowd.recording.page({}, 0.0, due, unanswered(error))
            return
        took_us = (perf_counter() - began) * 1e6
        refusal = None if answer.body == self._mine and answer.status == 200 else self._judged(answer)
        self.crowd.recording.page(answer.headers, took_us, due, refusal)

    def _judged(self, answer: BareAnswer) -> Refusal | None:
        """Check an answer as Locust's members do. Identical bytes are not checked twice."""
        response = SimpleNamespace(
            status_code=answer.status, content=answer.body, request_meta={"exception": None}, headers=answer.headers
        )
        refusal = self._refusal(response, self._is_my_profile)
        if refusal is None:
            self._mine = answer.body
        return refusal


class Revoked(Driven):
    """Logs in, reads, logs out, and repeats requests with the ended login until it is refused."""

    abstract = True

    @task
    def end_a_login(self) -> None:
        """Measure from the acknowledged log-out to the first refusal.

        Tokens expire at a whole second. So the log-ins are spread over the second.
        """
        gevent.sleep(random.random())  # noqa: S311
        if not self.log_in():
            self.give_up("cannot log in")
        self.profile()
        before = self.credentials()
        self.ask("POST", "/logout", lambda _said: None)
        acknowledged, admitted = perf_counter(), 0
        while self._is_let_in(before):
            admitted += 1
            if perf_counter() - acknowledged > REFUSED_WITHIN_S:
                self.give_up("was never refused after the log-out")
            gevent.sleep(POLL_S)
        lag_s = perf_counter() - acknowledged
        self.crowd.recording.notes.append({"lag_s": lag_s, "admitted": admitted})

    def _is_let_in(self, headers: dict[str, str]) -> bool:
        with self.client.request(
            "GET", f"/{self.approach}/profile", name="/ended/profile", headers=headers, catch_response=True
        ) as response:
            if response.status_code == 401:
                response.failure(LoggedOut("refused"))
            return bool(response.status_code == 200)


def driven_class(crowd: dict[str, Any]) -> type[Driven]:
    """Return a user class for one crowd, as `Crowd.as_json` describes it."""
    base = CARRIERS[crowd["carrier"]]
    activities = {"profile": Driven, "without refresh": WithoutRefresh, "bare": Bare, "revocation": Revoked}
    how = activities[crowd["activity"]]
    members = {
        "approach": crowd["approach"],
        "host": crowd["host"],
        "query": crowd["query"],
        "login_fields": crowd["login_fields"],
        "crowd": CrowdAtWork(Pacer(crowd["pause_s"]), crowd["traced"], crowd["algorithm"]),
    }
    kind: Any = type(crowd["name"], (how, base), members)
    tasks = {"bare": [Bare.keep_asking], "revocation": [Revoked.end_a_login]}
    kind.tasks = tasks.get(
        crowd["activity"], [base.profile]
    )  # after Locust has combined the tasks of both base classes
    return cast(type[Driven], kind)


def _total_us(trace: str) -> float:
    return float(sum(step["duration_us"] for step in json.loads(trace)))
