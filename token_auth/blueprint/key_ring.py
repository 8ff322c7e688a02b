"""Open the key ring by the lab's settings. A fault of its file is reported as a bad `KEY_RING_FILE`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time

from service.config import Algorithm, BadConfig
from token_auth.errors import BadKeyRing
from token_auth.key_ring import KeyRing
from token_auth.keys import LONGEST_LIFE_S


@contextmanager
def naming_the_setting() -> Iterator[None]:
    """Raise `BadConfig`, which names `KEY_RING_FILE`, for a `BadKeyRing`."""
    try:
        yield
    except BadKeyRing as error:
        raise BadConfig(f"KEY_RING_FILE: {error.message}") from None


@naming_the_setting()
def open_key_ring(
    file: Path, alg: Algorithm, now: Callable[[], float] = time, tokens_live_s: int = LONGEST_LIFE_S
) -> KeyRing:
    """Open the ring as `KeyRing` does. Raise `BadConfig`."""
    return KeyRing(file, alg, now, tokens_live_s)
