"""`python -m bench`: interleaved rounds, so that a slow moment of the machine falls on every arm alike."""

import argparse
import platform
import random
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter_ns

from bench.arms import Arm, all_arms, counting_commands
from cluster.embedded_store import EmbeddedStore

BASELINE = "/open"


def main() -> None:
    """Measure every arm and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="rounds per arm (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=300, help="requests per round (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the order of arms in each round")
    options = parser.parse_args()
    store = EmbeddedStore()
    try:
        with tempfile.TemporaryDirectory() as folder:
            arms = list(all_arms(Path(folder), store.url))
            for arm in arms:
                request(arm)
            commands = {arm.name: commands_per_request(arm, store.url) for arm in arms}
            rounds = measure(arms, options.rounds, options.requests, random.Random(options.seed))
    finally:
        store.stop()
    show(rounds, commands, options)


def measure(arms: list[Arm], rounds: int, requests: int, order: random.Random) -> dict[str, list[float]]:
    """Return each arm's microseconds per request, one figure a round; a round's first tenth warms up."""
    taken: dict[str, list[float]] = {arm.name: [] for arm in arms}
    for _ in range(rounds):
        for arm in order.sample(arms, len(arms)):
            repeat(arm, requests // 10)
            started_ns = perf_counter_ns()
            repeat(arm, requests)
            taken[arm.name].append((perf_counter_ns() - started_ns) / 1000 / requests)
    return taken


def repeat(arm: Arm, times: int) -> None:
    """Send the arm's request `times` times."""
    for _ in range(times):
        arm.app(dict(arm.environ), lambda *_: None).close()


def request(arm: Arm) -> None:
    """Send the arm's request once, and fail loudly unless it lets alice (or the guest) in."""
    status: list[str] = []
    body = b"".join(arm.app(dict(arm.environ), lambda line, *_: status.append(line)))
    expected = b"guest" if arm.name == BASELINE else b"alice"
    if status != ["200 OK"] or expected not in body:
        raise SystemExit(f"{arm.name} answered {status}: {body[:200]!r}")


def commands_per_request(arm: Arm, store_url: str, times: int = 50) -> float:
    """Return the store commands that one request costs, as the store itself counts them."""
    with counting_commands(store_url) as count:
        before = count()
        repeat(arm, times)
        return (count() - before - 1) / times  # INFO counts itself


def show(rounds: dict[str, list[float]], commands: dict[str, float], options: argparse.Namespace) -> None:
    """Print the arms, and each one's cost above the unguarded page in the same round."""
    base = rounds[BASELINE]
    print(f"{options.rounds} interleaved rounds of {options.requests} requests, Python {platform.python_version()}\n")
    print(f"{'arm':<28}{'µs median':>10}{'min':>8}{'max':>8}{'above /open':>13}{'ratio':>8}{'store cmds':>12}")
    for name, taken in sorted(rounds.items(), key=lambda item: median(item[1])):
        above = median(mine - floor for mine, floor in zip(taken, base, strict=True))
        ratio = median(mine / floor for mine, floor in zip(taken, base, strict=True))
        print(
            f"{name:<28}{median(taken):>10.0f}{min(taken):>8.0f}{max(taken):>8.0f}"
            f"{above:>+13.0f}{ratio:>8.2f}{commands[name]:>12.2f}"
        )


if __name__ == "__main__":
    main()
