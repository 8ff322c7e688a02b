"""Members who use a running lab without pause, each in a thread, and a ledger of what it acknowledged to them."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, IncompleteRead
from itertools import count
from threading import Event, Thread, current_thread
from types import TracebackType

from tests.support.lab_processes import SOON_S, Lab
from tests.support.stopwatch import Stopwatch, eventually

# Twice the contract's bound for saying that the store is broken: of a busy machine's waits not all are counted here.
# The bound itself is held by tests/session_auth/test_store_faults.py.
PROMPTLY_MS = 1000.0
NEVER_ENDS_AT_ONCE = ("token",)  # its access token lives on after a log-out
MEMBERS = count(1)
CUT = 0  # in place of a status: the answer broke off, with the node that gave it


@dataclass
class Login:
    """One acknowledged login. `is_in` is None when a log-out was sent and not acknowledged."""

    approach: str
    member: str
    headers: dict[str, str]
    refresh_token: str | None
    is_in: bool | None = True


class Crowd:
    """A crowd at work inside `with`; `wrong` collects what must never be, in words."""

    def __init__(self, lab: Lab, approaches: Sequence[str], people: int = 6) -> None:
        self.wrong: list[str] = []
        self.ledger: list[Login] = []
        self.statuses: Counter[tuple[str, str, int]] = Counter()
        self._answers: Counter[Thread] = Counter()
        self._lab = lab
        self._may_fail: set[str] = set()
        self._may_be_cut = False
        self._ended = Event()
        self._threads = [
            Thread(target=self._live, args=(approaches[number % len(approaches)],)) for number in range(people)
        ]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(SOON_S)
            assert not thread.is_alive(), "a request hangs"

    def carry_on(self, answers: int = 6) -> None:
        """Return once each of them has had this many more answers."""
        before = self.answers()
        eventually(
            lambda: all(self.answers()[one] >= before[one] + answers for one in self._threads), "answers to everybody"
        )

    def answers(self) -> Counter[Thread]:
        """Return how many answers each of them has had."""
        return Counter(self._answers)

    def wait_for(self, approach: str, status: int) -> None:
        """Return once one of them has had this answer, to whatever it asked."""
        eventually(lambda: self.count(approach, status) > 0, f"{status} for {approach}")

    @contextmanager
    def expecting_503_from(self, *approaches: str) -> Iterator[None]:
        """Let these say that they are broken meanwhile, promptly; a 503 from any other is wrong."""
        self._may_fail = set(approaches)
        yield
        self._may_fail = set()

    @contextmanager
    def losing_a_node(self, *approaches: str) -> Iterator[None]:
        """Let what is in flight be lost meanwhile: said by the balancer, or broken off where an answer had begun."""
        self._may_be_cut = True
        with self.expecting_503_from(*approaches):
            yield
        self._may_be_cut = False

    def count(self, approach: str, status: int) -> int:
        """Return how many answers of this kind there were."""
        return sum(number for (of, _, code), number in list(self.statuses.items()) if (of, code) == (approach, status))

    def check_ledger(self) -> Counter[tuple[str, bool]]:
        """Compare the end state with everything that was acknowledged; return how many logins were in and out."""
        assert self._ended.is_set()
        checked: Counter[tuple[str, bool]] = Counter()
        for login in self.ledger:
            if login.is_in is not None:
                checked[login.approach, login.is_in] += 1
                self._check(login)
        return checked

    def _check(self, login: Login) -> None:
        if not login.is_in and login.approach in NEVER_ENDS_AT_ONCE:
            status, _ = self._send(login.approach, "POST", "refresh", {}, {"refresh_token": login.refresh_token})
        else:
            status, _ = self._send(login.approach, "GET", "profile", login.headers)
        if (status == 200) is not login.is_in or status == 503:
            self.wrong.append(f"{login.approach}: at the end {status} for one that is {'in' if login.is_in else 'out'}")

    def _live(self, approach: str) -> None:
        try:
            self._come_and_go(approach)
        except Exception as error:
            self.wrong.append(f"{approach}: {error!r}")
            raise

    def _come_and_go(self, approach: str) -> None:
        """Begin with a login that stays and one that ends, so that the ledger has both whatever comes later."""
        self._log_in(approach)
        if (ends := self._log_in(approach)) is not None:
            self._log_out(ends)
        while not self._ended.is_set():
            login = self._log_in(approach)
            if login is None:
                continue
            for _ in range(random.randrange(2, 6)):
                self._read(login)
            self._look_back(approach)
            if random.random() < 0.6:
                self._log_out(login)

    def _log_in(self, approach: str) -> Login | None:
        member = f"load-{next(MEMBERS) % 1000 + 1:04d}"
        status, body = self._send(approach, "POST", "login", {}, {"username": member, "password": "load"})
        if status == 401:
            self.wrong.append(f"{approach}: 401 for a right password")
        if status != 200:
            return None
        if approach in ("session", "memory"):
            login = Login(approach, member, {"Cookie": body["cookie"]}, None)
        else:
            login = Login(
                approach, member, {"Authorization": f"Bearer {body['access_token']}"}, str(body["refresh_token"])
            )
        self.ledger.append(login)
        return login

    def _read(self, login: Login) -> None:
        status, body = self._send(login.approach, "GET", "profile", login.headers)
        if status == 200 and body["member"]["username"] != login.member:
            self.wrong.append(f"{login.approach}: somebody else's page")
        if status == 401:
            self.wrong.append(f"{login.approach}: 401 for one who is in")

    def _look_back(self, approach: str) -> None:
        """Try a login that ended a while ago."""
        ended = [login for login in self.ledger[-50:] if login.approach == approach and login.is_in is False]
        if ended and approach not in NEVER_ENDS_AT_ONCE:
            status, _ = self._send(approach, "GET", "profile", random.choice(ended).headers)
            if status == 200:
                self.wrong.append(f"{approach}: one who had logged out was admitted")

    def _log_out(self, login: Login) -> None:
        login.is_in = None  # until it is acknowledged
        status, _ = self._send(login.approach, "POST", "logout", login.headers)
        if status == 204:
            login.is_in = False
        if status == 401:
            self.wrong.append(f"{login.approach}: 401 for one who is in and wants out")

    def _send(
        self, approach: str, method: str, path: str, headers: dict[str, str], sent: object = None
    ) -> tuple[int, dict[str, object]]:
        # Looked at where an answer is held to a bound: the lab's processes are this one's children.
        watch = Stopwatch() if self._may_fail else None
        began_with = self._may_fail  # what began during a fault may be told of it afterwards
        try:
            status, said, raw = self._lab.request(method, f"/{approach}/{path}", sent, headers)
        except (OSError, HTTPException) as error:
            if isinstance(error, IncompleteRead) and self._may_be_cut:
                self.statuses[approach, path, CUT] += 1
                return CUT, {}
            self.wrong.append(f"{approach}: {method} {path} was not answered: {error!r}")
            return 0, {}
        self.statuses[approach, path, status] += 1
        self._answers[current_thread()] += 1
        body = json.loads(raw) if raw else {}
        if status == 503:
            self._judge_503(approach, said, body, watch, began_with)
        elif status not in (200, 204, 401):
            self.wrong.append(f"{approach}: {method} {path} answered {status}")
        return status, {**body, "cookie": said.get("set-cookie", "").split(";")[0]}

    def _judge_503(
        self,
        approach: str,
        said: dict[str, str],
        body: dict[str, object],
        watch: Stopwatch | None,
        began_with: set[str],
    ) -> None:
        took_ms = sum(float(duration) for duration in re.findall(r"dur=([\d.]+)", said.get("server-timing", "")))
        if watch is not None:
            took_ms -= 1000 * watch.waited_s()
        if approach not in self._may_fail | began_with and not self._ended.is_set():
            self.wrong.append(f"{approach}: 503 {body}")
        if "retry-after" not in said:
            self.wrong.append(f"{approach}: 503 without Retry-After")
        if took_ms > PROMPTLY_MS:
            self.wrong.append(f"{approach}: 503 after {took_ms:.0f} ms")
