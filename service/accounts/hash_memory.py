"""Return the memory of password hashes to the system.

A hash takes 19 MiB. glibc keeps it for the next hash, once for each thread: after a few log-ins a node with two threads
was 39 MiB larger. Returned at once, it made the next hash half as long again (28 became 43 ms), as new pages take time.
So it is returned a second after a log-in. Only glibc has the two functions; with another C library nothing is done.
"""

import ctypes
from threading import Lock, Timer

AFTER_S = 1.0
M_ARENA_MAX = -8  # from malloc.h

_libc = ctypes.CDLL(None)
_is_planned = Lock()

if hasattr(_libc, "mallopt"):
    _libc.mallopt(M_ARENA_MAX, 1)  # one heap for all threads: `malloc_trim` shortens no other


def return_memory() -> None:
    """Return freed memory now. It takes 0.1 ms."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)


def return_memory_soon() -> None:
    """Return freed memory in a second. Until then a further call does nothing."""
    if _is_planned.acquire(blocking=False):
        timer = Timer(AFTER_S, _return_as_planned)
        timer.daemon = True
        timer.start()


def _return_as_planned() -> None:
    _is_planned.release()  # first: a hash that ends from now on plans the next return
    return_memory()
