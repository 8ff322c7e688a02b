"""Remove a folder after the process that created it has ended.

`python -m lab.cluster.cleanup FOLDER` waits for the end of its input.
"""

import shutil
import signal
import sys
from pathlib import Path
from time import monotonic, sleep

PATIENCE_S = 10.0  # processes that still write there are ended at the same time


def main(folder: Path) -> None:
    """Wait until standard input closes, then remove `folder`."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the folder is needed until the process that created it has ended
    sys.stdin.buffer.read()
    deadline = monotonic() + PATIENCE_S
    while folder.exists() and monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
