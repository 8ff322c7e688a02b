"""A private folder for sockets, settings and the store's log, which is removed when this process ends."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.cluster.process import ROOT


class RuntimeFolder:
    """A new folder with mode 0700. `remove()` deletes it, or the end of this process, even after `kill -9`."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="session-or-token-"))
        self._cleanup = subprocess.Popen(
            [sys.executable, "-m", "lab.cluster.cleanup", str(self.path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            start_new_session=True,  # only this process gets the terminal's Ctrl-C
        )

    def remove(self) -> None:
        """Remove the folder and its content. A second call does nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._cleanup.communicate()
