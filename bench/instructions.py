"""Count the Python instructions of a request. The count is exact and the same on every machine, so a test can check it.

`python -m bench.instructions` prints the counts. C code is not counted: signatures, JSON, sockets. So they show when
our own code has become longer, not how long it takes.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from bench.arms.arm import FOLDER, STORE_URL, Arm
from bench.arms.table import OURS, named
from bench.in_process import Apps
from bench.proving import prove
from lab.cluster.embedded_store import EmbeddedStore

BARE = "bare Flask"
MEASURED = {arm.name: arm.instructions for arm in OURS if arm.instructions}  # the limit is 25 % higher
MARGIN = 1.25
TRIES = 5
TOOL = 4  # a tool id that Python does not reserve


def main() -> int:
    """Print each path's instructions, and the multiple above bare Flask."""
    store = EmbeddedStore()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            counted = count_all(store.url, Path(folder))
    finally:
        store.stop()
    bare = counted[BARE]
    for name, found in counted.items():
        print(f"{name:16}{found:8}{(found - bare) / bare:8.2f}")
    return 0


def count_all(store_url: str, folder: Path) -> dict[str, int]:
    """Return the instructions of one request of each path."""
    os.environ.update({STORE_URL: store_url, FOLDER: str(folder)})
    apps = Apps()
    return {arm.name: _of_arm(apps, arm) for arm in named((BARE, *MEASURED))}


def _of_arm(apps: Apps, arm: Arm) -> int:
    caller = apps.caller(arm)
    carried = prove(arm, caller.ask)
    caller.repeat(arm.page, carried, TRIES)  # fill all caches first
    return min(instructions(lambda: caller.repeat(arm.page, carried, 1)) for _ in range(TRIES))


def instructions(call: Callable[[], object]) -> int:
    """Return how many bytecode instructions `call` executes in this thread."""
    return _monitored(call) if hasattr(sys, "monitoring") else _traced(call)


def _monitored(call: Callable[[], object]) -> int:
    """Count with `sys.monitoring` (Python 3.12 and newer), where tracing misses a function's first call."""
    monitoring, counter = sys.monitoring, count()

    def seen(_code: object, _offset: int) -> None:
        next(counter)

    monitoring.use_tool_id(TOOL, "bench")
    monitoring.register_callback(TOOL, monitoring.events.INSTRUCTION, seen)
    monitoring.set_events(TOOL, monitoring.events.INSTRUCTION)
    try:
        call()
    finally:
        monitoring.set_events(TOOL, 0)
        monitoring.free_tool_id(TOOL)
    return next(counter)


def _traced(call: Callable[[], object]) -> int:
    counted = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal counted
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        counted += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return counted


def excess(counted: dict[str, int]) -> dict[str, float]:
    """Return each path's instructions above bare Flask, as a multiple of bare Flask's."""
    bare = counted[BARE]
    return {name: (count - bare) / bare for name, count in counted.items() if name != BARE}


def too_long(counted: dict[str, int]) -> Sequence[str]:
    """Return a line for each path above its limit."""
    return [
        f"{name} takes {found:.2f} × bare Flask above it; the limit is {MEASURED[name] * MARGIN:.2f}"
        for name, found in excess(counted).items()
        if found > MEASURED[name] * MARGIN
    ]


if __name__ == "__main__":
    sys.exit(main())
