"""A process that has imported the application and forks nodes from itself, so that a node starts without imports.

Imports take most of a node's start. Linux only: on other systems forking after so many imports may not be safe, so
nodes start as commands.
"""

import gc
import importlib
import json
import multiprocessing
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, NoReturn, Self

from setproctitle import setproctitle

from lab.cluster import process_guard
from lab.cluster.process import ROOT, RunningProcessGuard

MODULES = ("app", "granian.cli", "granian.server.mp")
MOST_BYTES = 1 << 20
ANSWERS_WITHIN_S = 5.0
INHERITED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


class Preloaded:
    """Starts `python -m granian …` by a fork. Create it before this process has a second thread."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pid = os.fork()
        if self._pid == 0:
            try:
                self._socket.close()
                _fork_on_demand(theirs)
            finally:
                os._exit(1)  # after any error: this copy must not continue as a second supervisor
        theirs.close()
        self._socket.settimeout(ANSWERS_WITHIN_S)

    @classmethod
    def where_possible(cls) -> Self | None:
        """Return one, or None on a system where nodes should start as commands."""
        return cls() if sys.platform == "linux" else None

    def start(self, name: str, arguments: Sequence[str], env: Mapping[str, str]) -> RunningProcessGuard | None:
        """Start Granian under a process guard of that name. Return None if the forking process has ended."""
        (asked_r, asked_w), (pid_r, pid_w), (ended_r, ended_w) = os.pipe(), os.pipe(), os.pipe()
        command = json.dumps({"name": name, "arguments": list(arguments), "env": dict(env)}).encode()
        try:
            socket.send_fds(self._socket, [command], [asked_r, pid_w, ended_w])
            pid = int(self._socket.recv(16) or 0)
        except OSError:
            pid = 0
            self._socket.close()  # a late answer must not be read as the next one
        for theirs in (asked_r, pid_w, ended_w):
            os.close(theirs)
        ours = _ForkedProcessGuard(pid, os.fdopen(asked_w, "wb"), os.fdopen(pid_r, "rb"), os.fdopen(ended_r, "rb"))
        if pid:
            return ours
        ours.close()
        return None

    def stop(self) -> None:
        """End the forking process. Nodes that it has started continue."""
        self._socket.close()
        os.kill(self._pid, signal.SIGKILL)  # it has no work to finish, and may hang
        os.waitpid(self._pid, 0)


class _ForkedProcessGuard:
    """Replaces `subprocess.Popen` for a process guard that is not our child: it reports its exit code itself."""

    def __init__(self, pid: int, stdin: IO[bytes], stdout: IO[bytes], ended: IO[bytes]) -> None:
        self.pid = pid
        self.stdin: IO[bytes] | None = stdin
        self.stdout: IO[bytes] | None = stdout
        self._ended = ended
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit code. Raise `subprocess.TimeoutExpired`."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a process guard", timeout or 0)
        return code

    def kill(self) -> None:
        """End it by force."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal. Do nothing if it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def close(self) -> None:
        """Close this process's ends of the pipes."""
        for pipe in (self.stdin, self.stdout, self._ended):
            if pipe:
                pipe.close()

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._ended], [], [], timeout)[0]:
            said = self._ended.read()
            self.returncode = int(said) if said else -signal.SIGKILL  # a killed process guard reports nothing
        return self.returncode


def _fork_on_demand(commands: socket.socket) -> NoReturn:
    """Import the application, and fork a process guard per request until the supervisor has ended."""
    for number in (signal.SIGINT, signal.SIGHUP):  # the supervisor handles the terminal's signals
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # reap children automatically
    for module in MODULES:
        importlib.import_module(module)
    setproctitle("session-or-token: forks nodes")
    gc.freeze()  # keep imported objects out of garbage collection, which would write to their pages and so copy them
    while True:
        command, pipes, _, _ = socket.recv_fds(commands, MOST_BYTES, 3)
        if not command:
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            commands.close()
            _be_process_guard(**json.loads(command), pipes=pipes)
        for pipe in pipes:
            os.close(pipe)
        with suppress(OSError):
            commands.send(str(pid).encode())


def _be_process_guard(name: str, arguments: list[str], env: dict[str, str], pipes: list[int]) -> NoReturn:
    """Run as the process guard, as `python -m lab.cluster.process_guard` does."""
    os.setsid()
    setproctitle(f"session-or-token: process_guard {name}")
    os.chdir(ROOT)
    os.environ.update(env)
    asked, pid, ended = pipes
    os.dup2(asked, 0)
    os.dup2(pid, 1)
    os.close(asked)
    os.close(pid)
    code = 1
    try:
        code = process_guard.run_guarded(name, lambda: _ForkedCommand(arguments, ended))
    finally:
        with suppress(OSError):  # the supervisor has ended
            os.write(ended, b"%d" % code)
        os._exit(code)


class _ForkedCommand:
    """Granian in its own process group, with the part of `subprocess.Popen` that a process guard needs."""

    def __init__(self, arguments: list[str], not_for_it: int) -> None:
        reader, writer = os.pipe()
        self._process = multiprocessing.get_context("fork").Process(
            target=_serve, args=(arguments, writer, (reader, not_for_it))
        )
        self._process.start()
        self.pid = self._process.pid or 0
        with suppress(OSError):  # the child does the same; either may be first
            os.setpgid(self.pid, self.pid)
        os.close(writer)
        self.stdout: IO[bytes] | None = os.fdopen(reader, "rb")

    def poll(self) -> int | None:
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("granian", timeout or 0)
        return self._process.exitcode


def _serve(arguments: list[str], output: int, not_for_it: tuple[int, ...]) -> None:
    """Run as `python -m granian` does."""
    with suppress(OSError):
        os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for number in INHERITED:
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    for descriptor in (output, *not_for_it):
        os.close(descriptor)
    sys.argv = ["granian", *arguments]
    sys.modules["granian.cli"].entrypoint()
