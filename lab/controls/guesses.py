"""Shared by all nodes: the times of wrong instructor codes, and a secret for the proofs.

It is a file beside the control socket. Only the lab's user can enter that folder, which is removed with the lab. The
store is not suitable, because the controls can stop it.

The limit is for the whole lab, not per address: on a local network one machine can use any number of addresses. So a
student can use the limit up, and then the right code is refused too, for up to a minute after the last counted wrong
one. It does not lock out a teacher at the lab's own machine, which needs no code, or with a browser that already has a
proof. The terminal shows the address of each wrong code.
"""

import logging
import math
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, flock
from os import O_APPEND, O_CREAT, O_RDWR
from os import open as open_descriptor
from pathlib import Path
from typing import IO

from flask_babel import lazy_gettext

from lab.errors import SupervisorUnavailable, WrongCode
from service.errors import RateLimited

log = logging.getLogger(__name__)

WRONG_CODES_PER_MINUTE = 10
WINDOW_S = 60.0


class TooManyGuesses(RateLimited):
    """429: too many wrong codes in the last minute, from all machines together."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.detail = lazy_gettext(
            "Wrong codes are counted for the whole lab. Try again in %(seconds)s seconds, "
            "or use the lab’s own machine, which needs no code.",
            seconds=retry_after_s,
        )


class Guesses:
    """Wrong codes of the last minute, counted in a file that the guards of all nodes share."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def judge(self, is_right: bool, address: str) -> None:
        """Accept the right code. Raise `WrongCode` or `TooManyGuesses`.

        Above the limit the right one is refused too: otherwise a guesser could recognize it by the answer.
        """
        with self._held() as file:
            now = time.monotonic()  # the same clock in all processes of a machine, and never set
            recent = [at for at in _times(file) if 0 <= now - at < WINDOW_S]
            if len(recent) >= WRONG_CODES_PER_MINUTE:
                raise TooManyGuesses(max(1, math.ceil(recent[-WRONG_CODES_PER_MINUTE] + WINDOW_S - now)))
            if not is_right:
                file.write(f"{now}\n".encode())
        if not is_right:
            log.warning("a wrong instructor code came from %s", address)
            raise WrongCode()

    def secret(self) -> bytes:
        """Return 256 random bits, the same in every node of this lab, and different in the next lab."""
        with self._held() as file:
            return file.readline()

    @contextmanager
    def _held(self) -> Iterator[IO[bytes]]:
        """Lock the file, at its beginning. It has a line with the secret, then a line for each wrong code."""
        if self._file is None:
            raise SupervisorUnavailable()
        try:
            with open(self._file, "a+b", buffering=0, opener=_ours_alone) as file:
                flock(file, LOCK_EX)
                file.seek(0)
                if not file.read(1):
                    file.write(f"{secrets.token_hex(32)}\n".encode())
                file.seek(0)
                yield file
        except OSError:  # the lab is ending, or the disk is full
            raise SupervisorUnavailable() from None


def _times(file: IO[bytes]) -> Iterator[float]:
    for line in file.readlines()[1:]:
        with suppress(ValueError):
            yield float(line)


def _ours_alone(path: str, _flags: int) -> int:
    return open_descriptor(path, O_RDWR | O_APPEND | O_CREAT, 0o600)
