"""The figures of one answer agree with each other, whatever is asked: each holds for every load that is accepted."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from planner.constants import Constants, measured
from planner.fleet import kinds_of, prospect
from planner.formulas import Terms, request_us
from planner.limits import Limit, limits
from planner.load import INPUTS, Load
from planner.plan import ApproachPlan, capacities, plan
from planner.runs import read_again
from service.approaches import BY_NAME
from tests.support.visitor import GUARDED

CONSTANTS = measured()[0]
NEARLY = 1 + 1e-9
STATED = {"usable_share": 0.7}  # by the assumptions


@st.composite
def loads(draw: st.DrawFn) -> Load:
    """Any load: small and large ones alike, for inputs span many powers of ten."""
    drawn = {each.name: draw(between(each.low, each.high)) for each in INPUTS}
    for shorter, longer in (("access_ttl_s", "refresh_ttl_s"), ("session_idle_s", "session_absolute_s")):
        drawn[shorter], drawn[longer] = sorted((drawn[shorter], drawn[longer]))
        drawn[shorter] = min(drawn[shorter], next(each.high for each in INPUTS if each.name == shorter))
    return Load(**drawn)


def between(low: int, high: int) -> st.SearchStrategy[int]:
    powers = st.floats(math.log(low + 1), math.log(high + 1))
    return st.one_of(st.sampled_from([low, high]), powers.map(lambda power: min(high, max(low, int(math.exp(power))))))


# The measured ones with the other figures that published runs have for some of them.
READ_AGAIN = replace(CONSTANTS, **{each.constant: each.there for each in read_again(CONSTANTS)})

for_any_load = settings(max_examples=25, deadline=None)


@for_any_load
@given(loads(), st.sampled_from([CONSTANTS, READ_AGAIN]))
@example(Load(work_ms=0, round_trip_ms=0), READ_AGAIN)
def test_what_computes_has_a_thread_and_what_is_part_is_not_more_than_the_whole(load: Load, known: Constants) -> None:
    for one in plan(load, known):
        figure = {name: expression.value for name, expression in one.figures.items()}
        assert figure["token_cores"] <= figure["node_cores"] <= figure["busy_threads"] * NEARLY
        visits_s = load.members / (60 * load.visit_min)
        assert figure["logins_s"] <= (figure["requests_s"] + visits_s) * NEARLY
        assert figure["refreshes_s"] <= figure["requests_s"] * NEARLY
        assert figure["logouts_s"] <= figure["logins_s"] * NEARLY
        assert figure["db_writes_s"] <= (figure["logins_s"] + figure["refreshes_s"] + figure["logouts_s"]) * NEARLY
        if BY_NAME[one.approach].store_reads:
            assert figure["store_ops_s"] >= figure["requests_s"] + figure["logins_s"]
        assert figure["live_sessions"] <= (load.members + visits_s * load.session_idle_s) * NEARLY
        assert all(expression.value >= 0 for expression in [*one.figures.values(), *one.helpers.values()])


@for_any_load
@given(loads())
def test_a_resource_is_over_exactly_if_more_is_needed_than_may_be_used(load: Load) -> None:
    for one in plan(load, CONSTANTS):
        assert one.first.breaks_at.value == min(limit.breaks_at.value for limit in one.limits)
        for limit in one.limits:
            assert limit.is_over == (load.members > limit.breaks_at.value)
            if abs(limit.share - 1) > 1e-9:
                assert limit.is_over == (limit.share > 1)


@for_any_load
@given(loads())
def test_more_shards_are_needed_than_there_are_exactly_if_the_store_is_over_its_limit(load: Load) -> None:
    for one in plan(load, CONSTANTS):
        of_store = [limit for limit in one.limits if limit.resource.startswith("shard_")]
        if all(abs(limit.share - 1) > 1e-9 for limit in of_store):
            assert (one.figures["store_shards"].value > load.shards) == any(limit.is_over for limit in of_store)


@for_any_load
@given(loads())
def test_as_many_members_as_it_holds_are_held_and_one_more_is_not(load: Load) -> None:
    for approach in GUARDED:
        most = int(first_of(approach, load).breaks_at.value)
        for members, is_over in ((most, False), (most + 1, True)):
            if members:
                assert first_of(approach, replace(load, members=members)).is_over == is_over


@settings(for_any_load, max_examples=8)
@given(loads())
def test_more_nodes_hold_as_many_members_at_least_and_the_chart_says_what_the_plan_says(load: Load) -> None:
    for approach, line in capacities(load, CONSTANTS).items():
        held = [limit.breaks_at.value for _, limit in line]
        assert held == sorted(held)
        nodes, limit = line[-1]
        assert first_of(approach, replace(load, nodes=nodes)) == limit


@for_any_load
@given(loads())
def test_every_name_in_a_formula_is_an_input_a_constant_or_explained_and_it_comes_out_as_shown(load: Load) -> None:
    for one in plan(load, CONSTANTS):
        names = known_names(one, load)
        shown = {**one.figures, **one.helpers, **{limit.resource: limit.breaks_at for limit in one.limits}}
        for name, expression in shown.items():
            if math.isfinite(expression.value):
                again = eval(as_python(expression.text), {"__builtins__": {}}, names)
                assert again == pytest.approx(expression.value, rel=1e-6, abs=1e-9), f"{name} = {expression.text}"


def known_names(one: ApproachPlan, load: Load) -> dict[str, object]:
    """Return what may stand in a formula: numbers by name, and the few functions."""
    listed = {name: getattr(CONSTANTS, name) for name in CONSTANTS.__annotations__ if name != "of_run"}
    of_approach = {
        name: each if isinstance(each, int | float) else each.get(one.approach) for name, each in listed.items()
    }
    by_twin = {f"request_cpu_us_{name}": value for name, value in CONSTANTS.request_cpu_us.items()}
    explained = {name: expression.value for name, expression in {**one.figures, **one.helpers}.items()}
    functions = {"min": min, "max": max, "floor": math.floor, "ceil": math.ceil, "exp": math.exp}
    return {**functions, **STATED, **vars(load), **of_approach, **by_twin, **explained}


def as_python(text: str) -> str:
    text = re.sub(r"(?<=\d),(?=\d)", "", text).replace("e^(", "exp(")
    text = re.sub(r"\[(\w+)\]", r"_\1", text)
    return text.translate(
        str.maketrans({"×": "*", "÷": "/", "−": "-", "⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")"})
    )


@for_any_load
@given(loads())
def test_what_is_simulated_keeps_as_many_threads_busy_as_the_plan_says(load: Load) -> None:
    """For few members: what is waited in queues is not in the plan."""
    few = replace(load, members=1)
    for one in plan(few, CONSTANTS):
        kinds = kinds_of(Terms(BY_NAME[one.approach], few, CONSTANTS))
        busy = sum(rate_s * (request.cpu_us + request.work_us) / 1e6 for rate_s, request in kinds)
        assert busy == pytest.approx(one.figures["busy_threads"].value, rel=0.02)
        computing = sum(rate_s * request.cpu_us / 1e6 for rate_s, request in kinds)
        assert computing == pytest.approx(one.figures["node_cores"].value)


@pytest.mark.parametrize("approach", GUARDED)
@pytest.mark.parametrize(
    "load",
    [
        Load(),
        Load(members=100_000),
        Load(members=10_000_000, nodes=1000, shards=20),
        Load(members=20_000, requests_per_minute=1, visit_min=1, session_idle_s=1, access_ttl_s=1, refresh_ttl_s=1),
        Load(members=400, nodes=1, threads_per_node=64, work_ms=1000, round_trip_ms=50),
    ],
)
def test_the_simulation_calls_over_its_limit_what_the_plan_does_and_no_page_is_faster_than_its_parts(
    approach: str, load: Load
) -> None:
    seen, first = prospect(Terms(BY_NAME[approach], load, CONSTANTS)), first_of(approach, load)
    assert seen.overloaded == (first.resource if first.is_over else None)
    if not seen.overloaded:
        assert request_us(Terms(BY_NAME[approach], load, CONSTANTS)).value <= seen.p50_us * NEARLY
        assert seen.p50_us <= seen.p99_us


def first_of(approach: str, load: Load) -> Limit:
    return limits(Terms(BY_NAME[approach], load, CONSTANTS))[0]
