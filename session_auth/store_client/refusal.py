"""Classify the reasons for which a server refuses all writes."""

import re
from typing import Literal

from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

Why = Literal["OOM", "MISCONF", "NOREPLICAS", "READONLY"]

# Redis 6 puts the script's name before the code. redis-py removes the codes that it knows from the text.
CODE = re.compile(r"(?:^|@user_script: ?\d+: )-?(OOM|MISCONF|NOREPLICAS|READONLY)\b")


def why_no_writes(error: Exception) -> Why | None:
    """Return the code of a refusal that applies to every client's writes; None for another error.

    `OOM`: the memory is full. `MISCONF`: the server cannot save to disk. `NOREPLICAS`: too few replicas are connected.
    In these three cases the server has all acknowledged writes, so its reads can be trusted. `READONLY`: the server is
    a replica, which may lack some.
    """
    if isinstance(error, OutOfMemoryError):
        return "OOM"
    if isinstance(error, ReadOnlyError):
        return "READONLY"
    found = CODE.search(str(error)) if isinstance(error, ResponseError) else None
    return found[1] if found else None  # type: ignore[return-value]
