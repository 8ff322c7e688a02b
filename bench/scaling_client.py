"""Members in a closed loop, and the results of a window of their requests."""

import json
import random
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import pairwise
from statistics import fmean, median
from threading import Event
from time import perf_counter

from bench.scaling_lab import Lab

SHARES = 20


@dataclass(frozen=True)
class ScalingAnswer:
    """One request: when it ended, how long it took, and the server's microseconds by part."""

    ended_at: float
    took_us: float
    parts_us: dict[str, float]
    right: bool


class Member:
    """One logged-in member with its own connection."""

    def __init__(self, lab: Lab, approach: str, number: int) -> None:
        self._approach = approach
        self._name = f"load-{number + 1:04d}"
        self._chance = random.Random(number)
        self._headers = lab.log_in(approach, self._name)

    def keep_asking(self, port: int, path: str, pause_s: float, ended: Event, answers: list[ScalingAnswer]) -> None:
        """Send requests with random pauses. The sticky port assigns a node to each member by a cookie."""
        connection, headers = HTTPConnection("127.0.0.1", port, timeout=10), dict(self._headers)
        while not ended.wait(self._chance.expovariate(1 / pause_s) if pause_s else 0):
            began = perf_counter()
            try:
                connection.request("GET", f"/{self._approach}/{path}", headers=headers)
                response = connection.getresponse()
                body = response.read()
            except (OSError, HTTPException):
                answers.append(ScalingAnswer(perf_counter(), 0.0, {}, right=False))
                connection.close()
                continue
            ended_at = perf_counter()
            node = (response.getheader("Set-Cookie") or "").partition(";")[0]
            if node.startswith("sot_node="):
                headers["Cookie"] = "; ".join(filter(None, [self._headers.get("Cookie"), node]))
            right = response.status == 200 and json.loads(body)["member"]["username"] == self._name
            parts = parts_us(response.getheader("Server-Timing") or "")
            answers.append(ScalingAnswer(ended_at, (ended_at - began) * 1e6, parts, right))
        connection.close()


def parts_us(header: str) -> dict[str, float]:
    """Parse `Server-Timing` into microseconds."""
    pairs = (entry.strip().partition(";dur=") for entry in header.split(",") if entry)
    return {name: float(milliseconds) * 1000 for name, _, milliseconds in pairs}


@dataclass(frozen=True)
class ScalingWindow:
    """The answers in `seconds`, the store's number of commands, and the utilization of the generator's core."""

    answers: list[ScalingAnswer]
    seconds: float
    commands: int
    generator: float
    retaken: int = 0

    @property
    def right(self) -> list[ScalingAnswer]:
        return [answer for answer in self.answers if answer.right]

    @property
    def failures(self) -> int:
        return len(self.answers) - len(self.right)

    @property
    def rps(self) -> float:
        return len(self.right) / self.seconds

    @property
    def commands_per_request(self) -> float:
        return self.commands / len(self.answers)

    def percentile_us(self, share: float) -> float:
        """Return the percentile by nearest rank."""
        taken = sorted(answer.took_us for answer in self.right)
        return taken[min(len(taken) - 1, int(share * len(taken)))]

    def part_us(self, part: str) -> float:
        """Return the median of the server's time for a part."""
        return median(answer.parts_us[part] for answer in self.right)

    def shares_us(self, part: str) -> list[float]:
        """Return the part's distribution: the means of twenty equal parts of the sorted values."""
        taken = sorted(answer.parts_us[part] for answer in self.right)
        bounds = [len(taken) * share // SHARES for share in range(SHARES + 1)]
        return [fmean(taken[low:high]) for low, high in pairwise(bounds)]
