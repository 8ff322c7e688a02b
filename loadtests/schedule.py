"""The times at which requests are due in an open loop."""

import random


def schedule(seconds: float, rate: float, seeded: random.Random) -> list[float]:
    """Return random times of independent requests: `rate` per second on average (a Poisson process)."""
    moments, at_s = [], seeded.expovariate(rate)
    while at_s < seconds:
        moments.append(at_s)
        at_s += seeded.expovariate(rate)
    return moments
