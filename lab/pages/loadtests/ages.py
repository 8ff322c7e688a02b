"""Whether a run is older than the code that it measured. `docs/results/README.md` says the same of each kept run."""

from datetime import UTC, datetime

from flask_babel import lazy_gettext as _

# Since when the code differs in what load tests measure, and what is said of a run from before.
CHANGES = (
    (datetime(2026, 11, 26, 12, tzinfo=UTC), _("before the guarded paths became lighter")),
    (datetime(2026, 11, 26, 22, tzinfo=UTC), _("before HS256 was checked without PyJWT and nodes became smaller")),
)


def age(started: datetime) -> str:
    """Return before which change a run was measured: the earliest that it lacks; "" if it lacks none."""
    return next((str(said) for since, said in CHANGES if started < since), "")
