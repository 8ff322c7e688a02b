"""Every approach against a model of who may be in: random stories of logins, refreshes, races and log-outs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.conftest import Clock, MakeApp
from tests.support.forge import claims_of
from tests.support.visitor import BY_TOKEN, GUARDED, Visitor
from token_auth import key_ring

pytestmark = pytest.mark.search

ACCESS_S, REFRESH_S, ABSOLUTE_S, GRACE_S, IDLE_S = 60, 300, 900, 10, 300
LIFETIMES = {
    "access_ttl_s": ACCESS_S,
    "refresh_ttl_s": REFRESH_S,
    "refresh_absolute_s": ABSOLUTE_S,
    "refresh_grace_s": GRACE_S,
    "session_idle_s": IDLE_S,
    "session_absolute_s": ABSOLUTE_S,
}
# No step ends a grace or a lifetime to the second: other tests look at the edges.
STEPS_S = (1, 4, 61, 299, 601)


@dataclass
class Login:
    """One login as the model has it: when it began, and what was handed out in it, with the times of that."""

    member: str
    began: float
    ended: bool = False
    access: list[tuple[str, float]] = field(default_factory=list)
    refresh: list[tuple[str, float]] = field(default_factory=list)
    issued: list[float] = field(default_factory=list)
    exchanged: dict[str, tuple[float, str | None]] = field(default_factory=dict)  # when, and its successor
    used: float = 0.0


def jti(refresh: str | None) -> str:
    """Return what a refresh token is known by: while keys rotate, two nodes may sign it with different ones."""
    return str(claims_of(refresh or "")["jti"])


class Story(RuleBasedStateMachine):
    """What all approaches share. Stories are told on the same nodes, each by two members of its own."""

    logins = Bundle("logins")

    def __init__(self, approach: str, nodes: list[Flask], clock: Clock, told: Iterator[int]) -> None:
        super().__init__()
        self.approach, self.nodes, self.clock = approach, nodes, clock
        number = next(told)
        self.members = [f"load-{2 * number + 1:04d}", f"load-{2 * number + 2:04d}"]
        self.turn = 0
        self.everybody: list[Login] = []

    def node(self) -> Flask:
        """Return the nodes in turn, as a balancer does."""
        self.turn += 1
        return self.nodes[self.turn % len(self.nodes)]

    def visitor(self) -> Visitor:
        return Visitor(self.node(), self.approach)

    @rule(seconds=st.sampled_from(STEPS_S))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    def enter(self, who: int) -> tuple[Login, Visitor]:
        visitor = self.visitor().login(self.members[who])
        login = Login(self.members[who], self.clock.now, used=self.clock.now)
        self.everybody.append(login)
        return login, visitor

    def end_those_of(self, member: str) -> None:
        for login in self.everybody:
            login.ended |= login.member == member

    def over(self, login: Login) -> bool:
        return login.ended or self.clock.now >= login.began + ABSOLUTE_S


class TokenStory(Story):
    """Access and refresh tokens, the old ones included: whoever kept a copy tries them too."""

    @rule(target=Story.logins, who=st.integers(0, 1))
    def log_in(self, who: int) -> Login:
        login, visitor = self.enter(who)
        login.issued.append(self.clock.now)
        self.keep(login, visitor)
        return login

    def keep(self, login: Login, visitor: Visitor) -> None:
        now, end = self.clock.now, login.began + ABSOLUTE_S
        login.access.append((visitor.access or "", min(now + ACCESS_S, end)))
        if jti(visitor.refresh_token) not in [jti(token) for token, _ in login.refresh]:
            login.refresh.append((visitor.refresh_token or "", min(now + REFRESH_S, end)))

    def bearer(self, login: Login, number: int = -1) -> tuple[Visitor, bool]:
        """Return a visitor with one of the login's access tokens, and whether it is still good."""
        visitor = self.visitor()
        visitor.access, expires_at = login.access[number % len(login.access)]
        return visitor, self.clock.now < expires_at and not (self.approach == "hybrid" and login.ended)

    @rule(login=Story.logins, number=st.integers(-3, -1))
    def use(self, login: Login, number: int) -> None:
        visitor, good = self.bearer(login, number)
        assert visitor.who() == (login.member if good else None)

    @rule(login=Story.logins, callers=st.integers(1, 3))
    def refresh(self, login: Login, callers: int) -> None:
        self.exchange(login, len(login.refresh) - 1, callers)

    @rule(login=Story.logins, number=st.integers(0, 5))
    def replay(self, login: Login, number: int) -> None:
        self.exchange(login, number % len(login.refresh), 1)

    def exchange(self, login: Login, number: int, callers: int) -> None:
        token, expires_at = login.refresh[number]
        for _ in range(callers):
            expected, successor = self.judge(login, jti(token), expires_at)
            visitor = self.visitor()
            visitor.refresh_token = token
            response = visitor.refresh()
            code = response.get_json().get("code", "refreshed")
            # An expired token's key may be gone with it.
            assert code == expected or (expected == "refresh_expired" and code == "refresh_invalid")
            if expected == "refreshed":
                if successor is None:
                    login.exchanged[jti(token)] = (self.clock.now, jti(visitor.refresh_token))
                    login.issued.append(self.clock.now)
                self.keep(login, visitor)
                assert successor in (None, jti(visitor.refresh_token))

    def judge(self, login: Login, token: str, expires_at: float) -> tuple[str, str | None]:
        """Say what has to become of this token, and which successor it has already."""
        now = self.clock.now
        if now >= expires_at:
            return "refresh_expired", None
        if self.over(login):
            return "refresh_invalid", None
        exchanged_at, successor = login.exchanged.get(token, (now, None))
        if token in login.exchanged and (successor is None or successor in login.exchanged):
            login.ended = True
            return "refresh_reused", None
        if successor is not None and now - exchanged_at < GRACE_S:
            return "refreshed", successor
        if sum(issued > now - 1 for issued in login.issued) >= 10 + (login.began > now - 1):
            return "rate_limited", None
        if successor is not None:
            login.exchanged[successor] = (now, None)  # another takes its place
        return "refreshed", None

    @rule(login=Story.logins, number=st.integers(-3, -1))
    def log_out(self, login: Login, number: int) -> None:
        visitor, _good = self.bearer(login, number)
        issued_at = login.access[number % len(login.access)][1] - ACCESS_S
        status = visitor.post("logout").status_code
        # An expired one says whose login it is, as long as its key is kept.
        assert status == 204 or (status == 401 and self.clock.now > issued_at + REFRESH_S)
        login.ended |= status == 204

    @rule(login=Story.logins)
    def end_all(self, login: Login) -> None:
        visitor, good = self.bearer(login)
        assert visitor.delete("logins").status_code == (204 if good else 401)
        if good:
            self.end_those_of(login.member)

    @rule(login=Story.logins)
    def list_mine(self, login: Login) -> None:
        visitor, good = self.bearer(login)
        if good:
            mine = [other for other in self.everybody if other.member == login.member and self.usable(other)]
            assert len(visitor.get("logins").get_json()["logins"]) == len(mine)

    def usable(self, login: Login) -> bool:
        return not self.over(login) and self.clock.now < max(login.refresh[-1][1], login.access[-1][1])

    @rule()
    def rotate_keys(self) -> None:
        assert self.node().test_cli_runner().invoke(args=["keys", "rotate"]).exit_code == 0


class SessionStory(Story):
    """One session id at a time; the ones before it are dead."""

    @rule(target=Story.logins, who=st.integers(0, 1))
    def log_in(self, who: int) -> Login:
        login, visitor = self.enter(who)
        login.refresh.append((visitor.cookie("sid") or "", 0.0))
        return login

    def holder(self, login: Login, number: int = -1) -> tuple[Visitor, bool]:
        """Return a visitor with one of the login's session ids, and whether it is still good."""
        visitor, newest = self.visitor(), len(login.refresh) - 1
        number = number % len(login.refresh)
        visitor.set_cookie("sid", login.refresh[number][0])
        idle = self.approach == "memory" and self.clock.now >= login.used + IDLE_S  # the store's clock is its own
        good = number == newest and not self.over(login) and not idle
        if good:
            login.used = self.clock.now
        return visitor, good

    @rule(login=Story.logins, number=st.integers(-3, -1))
    def use(self, login: Login, number: int) -> None:
        visitor, good = self.holder(login, number)
        assert visitor.who() == (login.member if good else None)

    @rule(login=Story.logins, number=st.integers(-2, -1))
    def renew(self, login: Login, number: int) -> None:
        visitor, good = self.holder(login, number)
        assert visitor.post("renew").status_code == (200 if good else 401)
        if good:
            login.refresh.append((visitor.cookie("sid") or "", 0.0))

    @rule(login=Story.logins)
    def log_out(self, login: Login) -> None:
        visitor, good = self.holder(login)
        forgotten = 401 if self.approach == "memory" else 204  # it could be another process's
        assert visitor.post("logout").status_code in {204, 204 if good else forgotten}
        login.ended |= good

    @rule(login=Story.logins)
    def end_all(self, login: Login) -> None:
        visitor, good = self.holder(login)
        assert visitor.delete("logins").status_code == (204 if good else 401)
        if good:
            self.end_those_of(login.member)


STORIES = [12, pytest.param(200, marks=pytest.mark.nightly)]
bounded = settings(
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("stories", STORIES)
@pytest.mark.parametrize("approach", GUARDED)
def test_no_story_lets_in_who_should_be_out_or_keeps_out_who_should_be_in(
    monkeypatch: pytest.MonkeyPatch, make_app: MakeApp, clock: Clock, approach: str, stories: int
) -> None:
    """SECURITY 10, 11, 12, 14, 15."""
    right: Callable[[str | None, str], bool] = lambda known, _password: known is not None  # noqa: E731
    monkeypatch.setattr(
        "service.accounts.login.matches", right
    )  # hashing is slow on purpose, and not what is told here
    monkeypatch.setattr(key_ring, "LOOK_EVERY_S", 0)  # the tests' clock runs ahead of the one by which nodes look
    nodes = 1 if approach == "memory" else 2  # what one node remembers, another does not know
    apps = [make_app(**LIFETIMES) for _ in range(nodes)]
    kind, told = TokenStory if approach in BY_TOKEN else SessionStory, count()
    as_many = settings(bounded, max_examples=stories)
    run_state_machine_as_test(lambda: kind(approach, apps, clock, told), settings=as_many)
