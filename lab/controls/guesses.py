"""What all nodes of a lab share about the instructor code: when wrong ones came, and a secret to make proofs of.

It is a file beside the control socket: only the lab's own user can enter that folder, and it ends with the lab. The
store would not do, for it may be what was stopped.

The limit is one for the lab and not one for each address: on a network, one machine can have as many addresses as it
likes. So a student can use the limit up, and then the right code is refused too, for up to a minute after the last
wrong one that was counted. That keeps no teacher out who sits at the lab's own machine, where no code is needed, or
whose browser was given a proof before: neither is asked for the code. The terminal names the address of each guess.
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

FAILURES_PER_MINUTE = 10
WINDOW_S = 60.0


class TooManyGuesses(RateLimited):
    """429: the lab has heard too many wrong codes lately, from all machines together."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.detail = lazy_gettext(
            "Wrong codes are counted for the whole lab. Try again in %(seconds)s seconds, "
            "or use the lab’s own machine, which needs no code.",
            seconds=retry_after_s,
        )


class Guesses:
    """Wrong codes of the last minute. Every `Guard` of every node that is given the same file counts in it."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def judge(self, is_right: bool, address: str) -> None:
        """Let the right code pass. Raise `WrongCode` or `TooManyGuesses`.

        The right one is refused too once the limit is used up: else the refusals would tell which one it is.
        """
        with self._held() as file:
            now = time.monotonic()  # one for all processes of a machine, and nothing sets it
            recent = [at for at in _times(file) if 0 <= now - at < WINDOW_S]
            if len(recent) >= FAILURES_PER_MINUTE:
                raise TooManyGuesses(max(1, math.ceil(recent[-FAILURES_PER_MINUTE] + WINDOW_S - now)))
            if not is_right:
                file.write(f"{now}\n".encode())
        if not is_right:
            log.warning("a wrong instructor code came from %s", address)
            raise WrongCode()

    def secret(self) -> bytes:
        """Return 256 random bits that are the same in every node of this lab, and others in the next."""
        with self._held() as file:
            return file.readline()

    @contextmanager
    def _held(self) -> Iterator[IO[bytes]]:
        """Have the file alone, at its beginning: the secret in a line, then a line for each wrong code."""
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
        except OSError:  # the lab is ending, or its disk is full
            raise SupervisorUnavailable() from None


def _times(file: IO[bytes]) -> Iterator[float]:
    for line in file.readlines()[1:]:
        with suppress(ValueError):
            yield float(line)


def _ours_alone(path: str, _flags: int) -> int:
    return open_descriptor(path, O_RDWR | O_APPEND | O_CREAT, 0o600)
