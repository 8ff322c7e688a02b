"""The experiments' interface to the load generator: sends commands to its process and reads the results."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from lab.cluster.process import ROOT
from loadtests.arms import Crowd
from service.terminal import _

PATIENCE_S = 3.0


class GeneratorFailed(Exception):
    """The generator could not execute a command. The message says why."""


class RemoteGenerator:
    """Starts the generator. It ends with the `with` block, or with this process."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "loadtests.generator"],
            cwd=ROOT,
            env=os.environ | {"LOCUST_SKIP_URLLIB3_PATCH": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a Ctrl-C in the terminal is for us
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                assert pipe is not None  # asked for above
                pipe.close()
        if error is None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(PATIENCE_S)
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def enter(self, crowds: Sequence[Crowd]) -> None:
        """Log crowds in. Raise `GeneratorFailed`."""
        self._order("enter", crowds=[crowd.as_json() for crowd in crowds])

    def leave(self, crowds: Sequence[Crowd]) -> None:
        """Stop crowds."""
        self._order("leave", crowds=[crowd.name for crowd in crowds])

    def window(
        self,
        crowds: Sequence[Crowd],
        seconds: float,
        rate: float | None = None,
        seed: int = 0,
        once: bool = False,
    ) -> dict[str, Any]:
        """Let crowds send requests for a while. Return their readings by name, and the generator's share of a core."""
        names = [crowd.name for crowd in crowds]
        return self._order("window", crowds=names, seconds=seconds, rate=rate, seed=seed, once=once)

    def turns(self, crowds: Sequence[Crowd], seconds: float, seed: int = 0) -> dict[str, Any]:
        """Let one member of each crowd send requests in random order, one at a time. Return as `window` does."""
        return self._order("turns", crowds=[crowd.name for crowd in crowds], seconds=seconds, seed=seed)

    def _order(self, order: str, **details: Any) -> dict[str, Any]:
        assert self._process.stdin is not None  # asked for above
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"order": order, **details}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            raise GeneratorFailed(_("the load generator ended unexpectedly; its last lines are above"))
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise GeneratorFailed(answer["error"])
        return answer
