"""Remove a folder when whoever made it is gone.

`python -m lab.cluster.cleanup FOLDER` waits for the end of its input.
"""

import shutil
import signal
import sys
from pathlib import Path
from time import monotonic, sleep

PATIENCE_S = 10.0  # those who still write there are being ended at the same moment


def main(folder: Path) -> None:
    """Wait until standard input closes, then remove `folder`."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the folder is needed as long as its maker lives
    sys.stdin.buffer.read()
    deadline = monotonic() + PATIENCE_S
    while folder.exists() and monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
