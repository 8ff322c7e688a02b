"""The common base of experiments: the generator, labs, stored windows, and the measurement of a window."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.cluster.node import NODE_THREADS
from loadtests.arms import Arm, Crowd
from loadtests.counters import StoreCounters
from loadtests.given_store import BorrowedStore
from loadtests.lab import Lab
from loadtests.neighbours import Neighbours
from loadtests.outcome import Outcome
from loadtests.progress import Kept
from loadtests.remote import RemoteGenerator
from loadtests.windows import Window
from loadtests.words import Text

ArmKey = tuple[str, Mapping[str, Any]]  # approach and factors
WARM_UP_SHARE, LONGEST_WARM_UP_S, SHORTEST_WARM_UP_S = 0.2, 2.0, 0.1
# Long lifetimes, so that no login expires while its member waits.
LONG_LIVES = {"ACCESS_TTL_S": "43200", "SESSION_IDLE_S": "43200", "SESSION_ABSOLUTE_S": "43200"}


@dataclass(frozen=True)
class Size:
    """The size of a run: seconds per window, repeats, members per crowd, the random seed, and which store.

    `most_threads`: to how many a node is scaled up. A run from before that was measured has the default.
    """

    seconds: float
    repeats: int
    users: int
    seed: int = 1
    quick: bool = False
    own_store: bool = True  # started by the run, or the one at REDIS_URL
    most_threads: int = NODE_THREADS


class Stage:
    """The set-up of an experiment. Everything that it starts ends with the `with` block."""

    def __init__(self, folder: Path, kept: Kept, size: Size, store: BorrowedStore | None = None) -> None:
        self.kept = kept
        self.size = size
        self._store = store
        self.random = random.Random(size.seed)  # noqa: S311
        self._folder = folder
        self._ends = ExitStack()

    def __enter__(self) -> "Stage":
        if self._store:
            self._ends.callback(self._store.clear)  # runs after all writers have ended
        self.generator = self._ends.enter_context(RemoteGenerator())
        return self

    def __exit__(self, *ending: Any) -> None:
        self._ends.__exit__(*ending)

    def lab(self, name: str, nodes: int = 1, **settings: str) -> Lab:
        """Start a lab that ends with the stage; it is not ready yet. A given store overrides its settings."""
        return self._ends.enter_context(self.short_lived_lab(name, nodes, **settings))

    def short_lived_lab(self, name: str, nodes: int = 1, **settings: str) -> Lab:
        """Return a lab that is not started yet. It starts and ends with its own `with` block."""
        given = self._store.settings(name) if self._store else {}
        return Lab(self._folder / name, nodes, **{**LONG_LIVES, **settings, **given})

    def enter(self, part: Any) -> Any:
        """Enter a context manager that ends with the stage."""
        return self._ends.enter_context(part)

    def counters(self, url: str) -> StoreCounters:
        """Return the counters of a store."""
        return self._ends.enter_context(StoreCounters(url))

    def interleaved(self, arms: Sequence[Arm]) -> Iterator[tuple[int, Arm]]:
        """Yield each repeat's arms, in a new random order each time: a slow moment may affect any arm."""
        for repeat in range(self.size.repeats):
            for arm in self.random.sample(list(arms), len(arms)):
                yield repeat, arm

    def window(self, crowds: Sequence[Crowd], seconds: float, **how: Any) -> dict[str, Any]:
        """Let crowds send requests for a while (see `RemoteGenerator.window`), and measure the neighbours."""
        neighbours = Neighbours()
        seen = self.generator.window(crowds, seconds, **how)
        return {**seen, "neighbours_share": neighbours.share()}

    def turns(self, crowds: Sequence[Crowd], seconds: float) -> dict[str, Any]:
        """Let one member of each crowd send requests in random order (see `RemoteGenerator.turns`)."""
        neighbours, seed = Neighbours(), self.random.randrange(2**32)
        seen = self.generator.turns(crowds, seconds, seed)
        return {**seen, "neighbours_share": neighbours.share(), "seed": seed}

    def warm_up(self, crowds: Sequence[Crowd]) -> None:
        """Let crowds send requests without recording them."""
        self.generator.window(crowds, warm_up_s(self.size.seconds))

    def measure(
        self, arm: Arm, repeat: int, counters: StoreCounters | None = None, nodes: int = 0, **more: Any
    ) -> Window:
        """Warm an arm up, measure one window of it, and store that.

        All members wait while the counters are read, so that they count only this window.
        """
        self.warm_up([arm.crowd])
        before = counters.read() if counters else None
        seen = self.window([arm.crowd], self.size.seconds)
        counted = counters.read().since(before) if counters and before else None
        window = window_of(arm, repeat, seen, nodes=nodes, more=more)
        if counted is not None:
            window = Window(**{**vars(window), "commands": counted.calls, "store_us_each": counted.us_each})
        self.kept.add(window)
        return window


def window_of(arm: Arm, repeat: int, seen: Mapping[str, Any], nodes: int = 0, more: Any = None) -> Window:
    """Return the window of one arm from the generator's readings."""
    return Window(
        approach=arm.crowd.approach,
        factors=arm.factors,
        repeat=repeat,
        reading=seen["crowds"][arm.crowd.name],
        generator_core=seen["generator_core"],
        neighbours_share=seen.get("neighbours_share", 0.0),
        nodes=nodes,
        expects=arm.expects,
        store_reads=arm.crowd.facts.store_reads,
        more=more or {},
    )


def warm_up_s(seconds: float) -> float:
    """Return the length of the warm-up before a window of `seconds`."""
    return min(LONGEST_WARM_UP_S, max(SHORTEST_WARM_UP_S, WARM_UP_SHARE * seconds))


@dataclass(frozen=True)
class Experiment:
    """One question. `collect` measures on a stage, `conclude` evaluates stored windows, even of an incomplete run.

    `windows`: the number of windows of a size, for the progress bar. `needs_own_store`: why it cannot use the store at
    `REDIS_URL`, or "". `baseline`: returns the arm with which an arm of `results.json` is compared.
    """

    name: str
    question: Text
    full: Size
    quick: Size
    windows: Callable[[Size], int]
    collect: Callable[[Stage], None]
    conclude: Callable[[Sequence[Window], Size], Outcome]
    needs_own_store: str | None = None
    baseline: Callable[[Mapping[str, Any]], ArmKey] | None = None
