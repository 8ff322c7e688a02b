"""What load tests know of each approach: a lab describes its own, and a report without a lab goes by the table."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final
from urllib.request import urlopen

from service.approaches import APPROACHES, BY_NAME, ApproachFacts

ANSWERS_WITHIN_S = 30.0
HS256: Final = "HS256"
EDDSA: Final = "EdDSA"
NONE: Final = None

# The arm behind Flask-Session as it comes (see `loadtests.flask_session_default`), as committed runs name it. It reads
# and rewrites the whole session on every request.
FLASK_SESSION_DEFAULT = "untuned"
CONTENDER = ApproachFacts(FLASK_SESSION_DEFAULT, FLASK_SESSION_DEFAULT, "cookie", "store", ("store", "store"))

WITH_LOGINS = tuple(facts for facts in APPROACHES if facts.has_logins)
Who = tuple[str, str | None]  # approach and signature algorithm


def described_at(url: str) -> list[ApproachFacts]:
    """Return the approaches of the lab at this address, as it describes them. Raise `OSError`."""
    with urlopen(f"{url}/lab/approaches", timeout=ANSWERS_WITHIN_S) as answer:  # noqa: S310  # our own lab
        return read_facts(json.load(answer))


def read_facts(told: Mapping[str, Any]) -> list[ApproachFacts]:
    """Return the approaches in the answer of `/lab/approaches`."""
    return [_facts(view) for view in told["approaches"]]


def _facts(view: Mapping[str, Any]) -> ApproachFacts:
    own = {field.name: view[field.name] for field in fields(ApproachFacts)}
    return ApproachFacts(**{**own, "asks": tuple(own["asks"]), "shorter": tuple(own["shorter"])})


def facts_of(name: str) -> ApproachFacts:
    """Return what the table says of an approach. An unknown one has logins, and its name is its label."""
    return {**BY_NAME, FLASK_SESSION_DEFAULT: CONTENDER}.get(name) or ApproachFacts(name, name, "cookie", "nowhere")


def store_reads_of(name: str, counted: int | None) -> int:
    """Return the store commands of a request by design: as the run has stored it, or as the table says."""
    return facts_of(name).store_reads if counted is None else counted


def by_algorithm(approaches: Iterable[ApproachFacts]) -> list[tuple[ApproachFacts, str | None]]:
    """Return the arms of approaches: tokens that are only checked have one for each algorithm that is compared."""
    return [(facts, algorithm) for facts in approaches for algorithm in _algorithms(facts)]


def _algorithms(facts: ApproachFacts) -> tuple[str | None, ...]:
    if not facts.is_signed or facts.carrier != "bearer":
        return (NONE,)
    return (HS256,) if facts.store_reads else (HS256, EDDSA)
