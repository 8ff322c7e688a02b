"""A folder for sockets, settings and the store's log: nobody else can enter it, and it ends with us."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from lab.cluster.process import ROOT


class RuntimeFolder:
    """A new folder with mode 0700. It is gone after `remove()`, or once this process has ended, however that was."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="session-or-token-"))
        self._cleanup = subprocess.Popen(
            [sys.executable, "-m", "lab.cluster.cleanup", str(self.path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C in the terminal is for us
        )

    def remove(self) -> None:
        """Remove the folder and all that is in it. Twice is no more than once."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._cleanup.communicate()
