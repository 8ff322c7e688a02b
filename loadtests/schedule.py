"""When requests are due in an open loop."""

import random


def schedule(seconds: float, rate: float, seeded: random.Random) -> list[float]:
    """Return moments at which strangers come: `rate` a second on average, none knowing of another."""
    moments, at_s = [], seeded.expovariate(rate)
    while at_s < seconds:
        moments.append(at_s)
        at_s += seeded.expovariate(rate)
    return moments
