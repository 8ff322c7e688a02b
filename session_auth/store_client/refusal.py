"""Why a server refuses a command, as far as it matters to who asks."""

import re
from typing import Literal

from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError

Why = Literal["OOM", "MISCONF", "NOREPLICAS", "READONLY"]

# Redis 6 puts the script's name before the code; redis-py takes the codes that it knows out of the text.
CODE = re.compile(r"(?:^|@user_script: ?\d+: )-?(OOM|MISCONF|NOREPLICAS|READONLY)\b")


def why_no_writes(error: Exception) -> Why | None:
    """Return the code of a refusal that holds for every write, whoever sends it; None for another error.

    `OOM`: the memory is full. `MISCONF`: what is written cannot be saved. `NOREPLICAS`: too few replicas would hear of
    it. With these three the server knows all that was acknowledged, and its reads can be trusted. `READONLY`: it is a
    replica, and may not have heard of everything.
    """
    if isinstance(error, OutOfMemoryError):
        return "OOM"
    if isinstance(error, ReadOnlyError):
        return "READONLY"
    found = CODE.search(str(error)) if isinstance(error, ResponseError) else None
    return found[1] if found else None  # type: ignore[return-value]
