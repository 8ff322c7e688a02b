"""Record that a run was killed: `python -m loadtests.witness FOLDER` waits for the end of its input.

A process that is ended by SIGKILL, or for lack of memory, cannot record that itself.
"""

import json
import signal
import sys
from contextlib import suppress
from pathlib import Path

from loadtests.whole import CannotWrite, write_whole

PROGRESS = "progress.json"


def main(progress: Path) -> None:
    """Wait until standard input closes, then correct a `progress.json` that still says "running"."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # these end the run gracefully, and it records that itself
    sys.stdin.buffer.read()
    with suppress(OSError, ValueError, CannotWrite):
        told = json.loads(progress.read_text("utf-8"))
        if told["state"] == "running":
            write_whole(progress, json.dumps({**told, "state": "killed"}))


if __name__ == "__main__":
    main(Path(sys.argv[1]) / PROGRESS)
