"""Parse `Server-Timing` into microseconds."""

PARTS = ("store", "verify", "db", "app")


def parts_us(header: str) -> dict[str, float]:
    """Return microseconds by part: `store;dur=0.091, app;dur=0.2` gives `{"store": 91.0, "app": 200.0}`.

    Entries without a duration are left out.
    """
    parts = {}
    for entry in header.split(","):
        name, _, duration = entry.strip().partition(";dur=")
        if duration:
            parts[name] = float(duration) * 1000
    return parts
