"""Does a look-up cost more if the store has more sessions? `python -m bench.many_sessions`.

One store has a thousand sessions, another one a million, each with the same application. In each round both get
requests for random sessions, in random order. Filling the second store takes most of the time.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from redis import Redis

from app import create_app
from bench.cores import Stopwatch
from bench.in_process import WsgiCaller
from bench.machine import describe, typed
from lab.cluster.embedded_store import EmbeddedStore
from loadtests.estimates import Estimate, median_of
from loadtests.seeding import PREFIX, log_in
from service.config import Config
from session_auth.connection import StoreConnection
from session_auth.store import RedisSessions

FEW, MANY, ASKED_FOR = 1_000, 1_000_000, 20_000
ROUNDS, REQUESTS = 100, 200
PAGE = "/session/profile"
FILL_PATIENCE_S = 60  # a fast growing store rewrites its log, and does not answer meanwhile
MOST = 1.10  # the answer "no" excludes a cost of 10 % more


@dataclass(frozen=True)
class Filled:
    """A store with sessions and its application. `ids`: the sessions for the requests."""

    sessions: int
    bytes_each: float
    ids: list[str]
    caller: WsgiCaller

    def us(self, requests: int, order: random.Random) -> float:
        """Return the microseconds per request, for random sessions."""
        carried = [{"Cookie": f"sot_sid={sid}"} for sid in order.choices(self.ids, k=requests)]
        watch = Stopwatch()
        for headers in carried:
            self.caller.repeat(PAGE, headers, 1)
        return watch.us()[0] / requests


@contextmanager
def filled(folder: Path, sessions: int) -> Iterator[Filled]:
    """Fill a new store, and request each session in `ids` once, which sets its TTL."""
    folder.mkdir()
    with ExitStack() as ends:
        store = EmbeddedStore()
        ends.callback(store.stop)
        redis = ends.enter_context(Redis.from_url(store.url))
        caller = WsgiCaller(create_app(Config(instance_dir=folder, redis_url=store.url, store_prefix=PREFIX, lab=True)))
        before = redis.info("memory")["used_memory"]
        every = max(1, sessions // ASKED_FOR)
        into = RedisSessions(StoreConnection(lambda: store.url, FILL_PATIENCE_S), PREFIX)
        ids = []
        for number in range(1, sessions + 1):
            sid = log_in(into, number)
            if number % every == 0:
                ids.append(sid)
        bytes_each = (redis.info("memory")["used_memory"] - before) / sessions
        for sid in ids:
            answer = caller.ask("GET", PAGE, {"Cookie": f"sot_sid={sid}"}, b"")
            if answer.status != 200:
                raise RuntimeError(f"a new session was answered with {answer.status}")
        yield Filled(sessions, round(bytes_each, 1), ids, caller)


def compare(stores: Sequence[Filled], rounds: int, seed: int) -> list[tuple[float, ...]]:
    """Return the microseconds per request of each store, one tuple per round."""
    order = random.Random(seed)
    taken = []
    for _ in range(rounds):
        of_round = {store.sessions: store.us(REQUESTS, order) for store in order.sample(stores, len(stores))}
        taken.append(tuple(round(of_round[store.sessions], 2) for store in stores))
    return taken


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write the results."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as ends:
        stores = [
            ends.enter_context(filled(Path(folder, str(sessions)), sessions))
            for sessions in (options.few, options.many)
        ]
        taken = compare(stores, options.rounds, options.seed)
    ratio = median_of([many / few for few, many in taken], options.seed)
    print(_said(stores, taken, ratio))
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        told = {
            "command": typed("bench.many_sessions", arguments),
            "machine": describe(),
            "requests_a_round": REQUESTS,
            "stores": [{"sessions": store.sessions, "bytes_a_session": store.bytes_each} for store in stores],
            "us": taken,
            "ratio": asdict(ratio),
        }
        (options.out / "many-sessions.json").write_text(json.dumps(told, indent=1) + "\n")
    return 0


def _said(stores: Sequence[Filled], taken: Sequence[tuple[float, ...]], ratio: Estimate) -> str:
    lines = [
        f"{store.sessions:>9,} sessions, {store.bytes_each:.0f} bytes each: {median_of(us).value:.0f} µs a request"
        for store, us in zip(stores, zip(*taken, strict=True), strict=True)
    ]
    told = f"ratio {ratio.value:.3f} ({ratio.low:.3f} to {ratio.high:.3f}), {len(taken)} rounds"
    answer = "a tenth more is excluded" if ratio.high < MOST else "a tenth more is not excluded"
    return "\n".join([*lines, f"{told}: {answer}"])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.many_sessions", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--few", type=int, default=FEW, help="sessions in the first store (default: %(default)s)")
    parser.add_argument("--many", type=int, default=MANY, help="sessions in the second store (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often both are measured (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random here (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="a folder for many-sessions.json")
    options = parser.parse_args(arguments)
    if min(options.few, options.many, options.rounds) < 1:
        parser.error("--few, --many and --rounds take numbers from 1")
    return options


if __name__ == "__main__":
    sys.exit(main())
