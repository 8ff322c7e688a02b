"""The results of a run: one per arm, the checks, and their files."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from loadtests.whole import write_whole
from loadtests.words import LANGUAGES, Text

RESULTS = "results.json"
ARMS = "arms.csv"
WINDOWS = "windows.jsonl"
REPORT = "report.html"
COLUMNS = (
    *("requests", "failures", "rps", "p50_us", "p95_us", "p99_us", "ci95_p50_us"),
    *("store_us_p50", "verify_us_p50", "store_commands_per_request"),
)


@dataclass(frozen=True)
class ArmResult:
    """One arm over all repeats. Times are medians over the repeats of each window's percentile."""

    name: str
    approach: str
    factors: Mapping[str, Any]
    requests: int
    failures: int
    rps: float | None = None
    p50_us: float | None = None
    p95_us: float | None = None
    p99_us: float | None = None
    ci95_p50_us: tuple[float, float] | None = None
    store_us_p50: float | None = None
    verify_us_p50: float | None = None
    store_commands_per_request: float | None = None
    more: Mapping[str, Any] = field(default_factory=dict)

    def view(self) -> dict[str, Any]:
        """Return it as JSON data for `results.json`: common fields first, then this experiment's."""
        fixed = {name: value for name, value in asdict(self).items() if name != "more"}
        return {**fixed, **self.more}


@dataclass(frozen=True)
class Check:
    """A condition that must hold for a run to be valid."""

    name: Text
    ok: bool
    detail: Text

    def view(self) -> dict[str, Any]:
        """Return it as JSON data for `results.json`."""
        return {"name": str(self.name), "ok": self.ok, "detail": str(self.detail)}


@dataclass(frozen=True)
class Run:
    """The metadata of a run."""

    experiment: str
    started: str
    machine: Mapping[str, Any]
    options: Mapping[str, Any]


def as_json(run: Run, answer: Text, arms: Sequence[ArmResult], checks: Sequence[Check], reasons: Sequence[Text]) -> Any:
    """Return a run's `results.json`."""
    return {
        "experiment": run.experiment,
        "started": run.started,
        "machine": run.machine,
        "options": run.options,
        "publishable": not reasons,
        "reasons": [str(reason) for reason in reasons],
        "answer": str(answer),
        "said": {code: {"answer": answer.said_in(code), "reasons": _all_in(reasons, code)} for code in LANGUAGES},
        "arms": [arm.view() for arm in arms],
        "checks": [check.view() for check in checks],
    }


def _all_in(texts: Sequence[Text], language: str) -> list[str]:
    return [text.said_in(language) for text in texts]


def write_json(results: Any, folder: Path) -> None:
    """Write `results.json`. Infinite and NaN values become null, which is valid JSON."""
    text = json.dumps(_finite(results), indent=1, ensure_ascii=False, allow_nan=False)
    write_whole(folder / RESULTS, text + "\n")


def write_csv(arms: Sequence[ArmResult], folder: Path) -> None:
    """Write one row per arm: its factors, then the common fields."""
    factors = list(dict.fromkeys(name for arm in arms for name in arm.factors))
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["name", "approach", *factors, *COLUMNS])
    for arm in arms:
        values = [getattr(arm, column) for column in COLUMNS]
        rows.writerow([arm.name, arm.approach, *(arm.factors.get(name, "") for name in factors), *map(_cell, values)])
    write_whole(folder / ARMS, text.getvalue())


def read_results(folder: Path) -> Any:
    """Return a run's `results.json`, given its folder or the file. Raise `ValueError` with a message of one line."""
    file = folder / RESULTS if folder.is_dir() else folder
    try:
        results = json.loads(file.read_text("utf-8"), parse_constant=_refuse_constant)
        if not {"experiment", "arms"} <= results.keys():
            raise TypeError
    except FileNotFoundError as error:
        concludes = f"; `python -m loadtests report {folder}` concludes it" if (folder / WINDOWS).exists() else ""
        raise ValueError(f"{file} cannot be read ({error.strerror}){concludes}") from None
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror})") from None
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise ValueError(f"{file} is not the results.json of a run") from None
    return results


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _cell(value: Any) -> Any:
    if isinstance(value, tuple):
        return " ".join(f"{end:.1f}" for end in value)
    return f"{value:.3f}" if isinstance(value, float) else "" if value is None else value


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4) if abs(value) < float("inf") else None  # also False for NaN
    if isinstance(value, Mapping):
        return {str(name): _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
