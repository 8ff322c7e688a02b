"""Decide whether a run may be published, and if not, why."""

from collections.abc import Sequence
from statistics import median

from loadtests.recording import NO_FAILURES
from loadtests.results import Check
from loadtests.windows import Window, by_arm, failures_beside, kinds
from loadtests.words import Text, _

MOST_GENERATOR_CORE = 0.85
LEAST_REPEATS = 5
MOST_NEIGHBOURS = 0.10  # of all processors
MOST_LOPSIDED = 0.25  # of the fair share


def reasons_against(windows: Sequence[Window], checks: Sequence[Check], stopped: bool = False) -> list[Text]:
    """Return every reason against publishing; an empty list means publishable."""
    return [
        *([_("The run was stopped before its end.")] if stopped else []),
        *_nothing(windows),
        *_few_repeats(windows),
        *_busy_generator(windows),
        *_busy_machine(windows),
        *_unexpected(windows),
        *_lopsided(windows),
        *(_failed(check) for check in checks if not check.ok),
    ]


def _failed(check: Check) -> Text:
    return _("A check failed: %(name)s. It found: %(detail)s.", name=check.name, detail=check.detail)


def _nothing(windows: Sequence[Window]) -> list[Text]:
    empty = [of_arm[0].label for of_arm in by_arm(windows).values() if not kinds(of_arm)]
    said = [_("%(arm)s: nothing was measured.", arm=arm) for arm in empty]
    return said if windows else [_("Nothing was measured.")]


def _few_repeats(windows: Sequence[Window]) -> list[Text]:
    repeated = by_arm([window for window in windows if not window.once])
    fewest = min(map(len, repeated.values()), default=LEAST_REPEATS)
    if fewest >= LEAST_REPEATS:
        return []
    return [
        _(
            "An arm was measured %(fewest)s times; an interval needs %(least)s repeats.",
            fewest=fewest,
            least=LEAST_REPEATS,
        )
    ]


def _busy_generator(windows: Sequence[Window]) -> list[Text]:
    busiest = max(windows, key=lambda window: window.generator_core, default=None)
    if busiest is None or busiest.generator_core <= MOST_GENERATOR_CORE:
        return []
    return [
        _(
            "The load generator used %(share)s %% of its core (%(arm)s): so the generator was measured, not the "
            "server.",
            share=round(100 * busiest.generator_core),
            arm=busiest.label,
        )
    ]


def _busy_machine(windows: Sequence[Window]) -> list[Text]:
    share = median([window.neighbours_share for window in windows] or [0.0])
    if share <= MOST_NEIGHBOURS:
        return []
    return [
        _(
            "Other processes used %(share)s %% of this machine's processors meanwhile, which the measured "
            "processes did not get.",
            share=round(100 * share),
        )
    ]


def _unexpected(windows: Sequence[Window]) -> list[Text]:
    said = []
    for of_arm in by_arm(windows).values():
        for kind, number in (kinds(of_arm) + failures_beside(of_arm)).items():
            if kind not in NO_FAILURES and kind not in of_arm[0].expects:
                example = next(w.reading["examples"][kind] for w in of_arm if kind in w.reading["examples"])
                said.append(
                    _(
                        "%(arm)s: %(number)s unexpected failures (%(example)s).",
                        arm=of_arm[0].label,
                        number=number,
                        example=example,
                    )
                )
    return said


def _lopsided(windows: Sequence[Window]) -> list[Text]:
    said = []
    for of_arm in by_arm(windows).values():
        shares = _shares(of_arm)
        fair = 1 / max(of_arm[0].nodes, 1)
        if of_arm[0].nodes > 1 and any(abs(share - fair) > MOST_LOPSIDED * fair for share in shares):
            told = " / ".join(f"{100 * share:.0f} %" for share in shares)
            said.append(
                _("%(arm)s: the nodes did not get equal shares (%(shares)s).", arm=of_arm[0].label, shares=told)
            )
    return said


def _shares(windows: Sequence[Window]) -> list[float]:
    """Return each node's share of the answers; 0 for a node without answers."""
    answers: dict[str, int] = {}
    for window in windows:
        for node, number in window.reading["nodes"].items():
            answers[node] = answers.get(node, 0) + number
    missing = max(0, windows[0].nodes - len(answers))
    total = sum(answers.values()) or 1
    return [number / total for number in answers.values()] + [0.0] * missing
