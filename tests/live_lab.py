"""The lab as people run it: `python app.py` in a process of its own, with an instance folder of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from cluster.embedded_store import free_port

ROOT = Path(__file__).parent.parent


class LiveLab:
    """Starts a lab and waits for its `Ready:` line; ends it as Ctrl-C does."""

    def __init__(self, instance: Path, *arguments: str, **env: str) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.process = subprocess.Popen(
            [sys.executable, "app.py", "--port", str(port), *arguments],
            cwd=ROOT,
            env={**os.environ, **instance_settings(instance), **env},
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "LiveLab":
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line == f"Ready: {self.url}\n", f"the lab said {line!r}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(15)


def instance_settings(instance: Path) -> dict[str, str]:
    return {"INSTANCE_DIR": str(instance)}
