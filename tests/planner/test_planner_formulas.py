"""The planner's formulas against answers worked out by hand, and what it says when an input is wrong."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from werkzeug.exceptions import BadRequest

from lab.pages.planner.chart import chart
from planner import formulas
from planner.constants import Constants, measured, with_run
from planner.expression import expression, fading, larger, readable, smaller
from planner.formulas import Terms
from planner.growth import growth
from planner.limits import limits
from planner.load import INPUTS, Load, as_query, read_load
from planner.plan import capacities, plan, view
from service.approaches import BY_NAME, SESSION, TOKEN
from tests.support.visitor import GUARDED

GIB = 2**30
LOAD = Load(
    members=36_000,
    requests_per_minute=10,
    visit_min=20,
    access_ttl_s=294,
    refresh_ttl_s=13_600,
    session_idle_s=600,
    session_absolute_s=3600,
    nodes=10,
    threads_per_node=2,
    work_ms=20,
    round_trip_ms=1,
    shard_gib=16,
    node_gib=4,
)
EACH = dict.fromkeys(GUARDED, 0.0)
CONSTANTS = Constants(
    request_cpu_us={**EACH, "memory": 300, "session": 500, "token": 400, "hybrid": 600},
    login_cpu_us=dict.fromkeys(GUARDED, 40_000),
    refresh_cpu_us={"token": 1500, "hybrid": 1500},
    login_store_ops={"memory": 2, "session": 5, "token": 2, "hybrid": 2},
    login_round_trips={"memory": 2, "session": 9, "token": 2, "hybrid": 2},
    request_wire_bytes={"memory": 600, "session": 600, "token": 1000, "hybrid": 1000},
    login_wire_bytes={"memory": 700, "session": 700, "token": 1500, "hybrid": 1500},
    refresh_wire_bytes={"token": 2000, "hybrid": 2000},
    store_us=260,
    store_command_us=7,
    verify_us=50,
    sign_us=80,
    db_write_us=1000,
    session_store_bytes=500,
    session_node_bytes=900,
    denial_store_bytes=100,
    login_db_bytes=700,
    refresh_db_bytes=200,
)

# 36,000 members: 6,000 requests/s; visits of 1,200 s: 30 log-ins/s; 4 lifetimes of 294 + 6 s in each: 120 refreshes/s;
# sessions kept for 1,200 + 600 s: 54,000 of them. A look-up takes 260 µs, 200 of which are computing, and 1 ms of way.
BY_HAND = {
    ("session", "requests_s"): 6000,
    ("session", "logins_s"): 30,
    ("token", "logins_s"): 30,
    ("session", "refreshes_s"): 0,
    ("token", "refreshes_s"): 120,
    ("token", "logouts_s"): 0,
    ("hybrid", "logouts_s"): 30,
    ("memory", "live_sessions"): 54_000,
    ("token", "live_sessions"): 0,
    ("memory", "store_ops_s"): 60,
    ("session", "store_ops_s"): 6150,
    ("token", "store_ops_s"): 60,
    ("hybrid", "store_ops_s"): 6000 + 60 + 60,
    ("session", "store_bytes"): 27_000_000,
    ("hybrid", "store_bytes"): 30 * 354 * 100,
    ("token", "store_bytes"): 0,
    ("session", "store_shards"): 1,
    ("memory", "node_bytes"): 4_860_000,
    ("session", "node_bytes"): 0,
    ("session", "token_cores"): 0,
    ("token", "token_cores"): 0.306 + 0.012,
    ("hybrid", "token_cores"): 0.3075 + 0.012,
    ("session", "node_cores"): 4.2,
    ("token", "node_cores"): 3.78,
    ("hybrid", "node_cores"): 3.6 + 1.2 + 0.18 + 30 * 0.0016,
    ("memory", "busy_threads"): 6 * 20.3 + 0.03 * 42,
    ("session", "busy_threads"): 6 * (20.5 + 1.06) + 0.03 * 49,
    ("token", "busy_threads"): 6 * 20.4 + 0.03 * 42 + 0.12 * 1.5,
    ("hybrid", "busy_threads"): 6 * (20.6 + 1.06) + 0.03 * 42 + 0.12 * 1.5 + 0.03 * (1.6 + 2 * 1.06),
    ("session", "db_writes_s"): 0,
    ("token", "db_writes_s"): 150,
    ("hybrid", "db_writes_s"): 180,
    ("memory", "refused_percent"): 90,
    ("session", "refused_percent"): 0,
    ("token", "db_bytes"): 45_000 * 100_000,
    ("session", "wire_bytes_s"): 3_600_000 + 30 * 700,
    ("token", "wire_bytes_s"): 6_000_000 + 30 * 1500 + 120 * 2000,
    ("hybrid", "wire_bytes_s"): 6_000_000 + 30 * 1500 + 120 * 2000 + 30 * 1000,
}


@pytest.mark.parametrize(("approach", "figure"), BY_HAND)
def test_a_figure_is_what_it_is_by_hand(approach: str, figure: str) -> None:
    found = {one.approach: one for one in plan(LOAD, CONSTANTS)}[approach].figures[figure]
    assert found.value == pytest.approx(BY_HAND[approach, figure])


def test_every_figure_has_an_answer_by_hand() -> None:
    assert {figure for _, figure in BY_HAND} == set(plan(LOAD, CONSTANTS)[0].figures)


def test_a_session_whose_absolute_end_comes_first_is_begun_again_and_not_kept_longer() -> None:
    terms = Terms(SESSION, replace(LOAD, session_absolute_s=600), CONSTANTS)
    assert formulas.logins_s(terms).value == 60
    assert formulas.live_sessions(terms).value == 36_000


def test_a_token_that_outlives_the_visit_is_never_refreshed() -> None:
    terms = Terms(TOKEN, replace(LOAD, access_ttl_s=1200), CONSTANTS)
    assert readable(formulas.refreshes_s(terms).value) == "0"
    assert formulas.logins_s(terms).value == 30


def test_a_session_unused_for_too_long_is_begun_again() -> None:
    """It ends after 6 s, and a pause is 6 s in the mean: one of e is longer, of the 200 pauses of a visit."""
    terms = Terms(SESSION, replace(LOAD, session_idle_s=6), CONSTANTS)
    assert formulas.logins_s(terms).value == pytest.approx(30 * (1 + 200 / math.e))
    assert formulas.live_sessions(terms).value == pytest.approx(30 * (1200 * (1 - 1 / math.e) + 6))


def test_a_refresh_token_that_ends_with_its_access_token_is_no_use() -> None:
    terms = Terms(TOKEN, replace(LOAD, refresh_ttl_s=LOAD.access_ttl_s), CONSTANTS)
    assert formulas.refreshes_s(terms).value == 0
    assert formulas.logins_s(terms).value == 30 * (1 + 4)


@pytest.mark.parametrize("approach", GUARDED)
def test_each_login_ends_at_every_pause_if_it_lives_for_a_moment_only(approach: str) -> None:
    """One request a visit, a minute after the log-in; nothing lives longer than a second."""
    moment = dict.fromkeys(("access_ttl_s", "refresh_ttl_s", "session_idle_s", "session_absolute_s"), 1)
    terms = Terms(BY_NAME[approach], replace(LOAD, requests_per_minute=1, visit_min=1, **moment), CONSTANTS)
    assert formulas.logins_s(terms).value == pytest.approx(600 * (1 + math.exp(-1 / 60)))


def test_a_formula_is_shown_as_it_was_reckoned() -> None:
    refreshes = formulas.refreshes_s(Terms(TOKEN, LOAD, CONSTANTS))
    assert refreshes.text == "visits_s × ends_a_visit × (1 − late_share)"
    assert refreshes.worked == "30 × 4 × (1 − 0)"
    ends = formulas.ends_a_visit(Terms(TOKEN, LOAD, CONSTANTS))
    assert ends.text == "max(⌊visit_s ÷ (access_ttl_s + gap_s)⌋, visit_s ÷ gap_s × e^(−access_ttl_s ÷ gap_s))"
    assert ends.worked == "max(⌊1,200 ÷ (294 + 6)⌋, 1,200 ÷ 6 × e^(−294 ÷ 6))"
    late = formulas.late_share(Terms(TOKEN, LOAD, CONSTANTS))
    assert late.text == "e^(−(refresh_ttl_s − access_ttl_s) ÷ gap_s)"


def test_parentheses_stand_where_they_are_needed() -> None:
    a, b, c = (expression(value, name) for value, name in ((12, "a"), (3, "b"), (2, "c")))
    assert (a / (b * c)).text == "a ÷ (b × c)"
    assert (a / (b * c)).value == 2
    assert ((a + b) * c).text == "(a + b) × c"
    assert (a + b * c).text == "a + b × c"
    assert (a / (b / c)).worked == "12 ÷ (3 ÷ 2)"
    assert (a - (b - c)).text == "a − (b − c)"
    assert (1 - fading(a + b)).text == "1 − e^(−(a + b))"
    assert b.called("d").text == "b"
    assert (larger(a, b) + smaller(b, c)).text == "max(a, b) + min(b, c)"
    assert (expression(5) / expression(2)).rounded_up().value == 3
    assert (expression(5) / expression(2)).rounded_down().value == 2
    assert (expression(5) / expression(0)).value == float("inf")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234567, "1,234,567"),
        (12.345, "12.3"),
        (0.25, "0.25"),
        (3, "3"),
        (1e-5, "0.0000100"),
        (1e-9, "0.00000000100"),
        (9e-10, "0"),
    ],
)
def test_numbers_are_written_with_the_digits_that_count(value: float, text: str) -> None:
    assert readable(value) == text


# One shard does 0.7 × 1,000,000 ÷ 7 = 100,000 operations/s; 10 nodes have 0.7 × 20 = 14 threads and 7 cores.
BREAKS = {
    ("session", "shard_ops"): 36_000 * 100_000 / 6150,
    ("session", "shard_memory"): 36_000 * 0.7 * 16 * GIB / 27_000_000,
    ("session", "node_threads"): 36_000 * 14 / BY_HAND["session", "busy_threads"],
    ("token", "node_cpu"): 36_000 * 7 / 3.78,
    ("token", "db_writer"): 36_000 * 700 / 150,
    ("hybrid", "db_writer"): 36_000 * 700 / 180,
    ("memory", "node_memory"): 36_000 * 0.7 * 4 * GIB / 4_860_000,
}


@pytest.mark.parametrize(("approach", "resource"), BREAKS)
def test_a_resource_is_full_with_as_many_members_as_by_hand(approach: str, resource: str) -> None:
    found = {limit.resource: limit for limit in limits(Terms(BY_NAME[approach], LOAD, CONSTANTS))}[resource]
    assert found.breaks_at.value == math.floor(BREAKS[approach, resource])


def test_a_store_in_more_shards_holds_as_many_times_the_members() -> None:
    sharded = limits(Terms(SESSION, replace(LOAD, shards=3), CONSTANTS))
    found = {limit.resource: limit.breaks_at for limit in sharded}["shard_ops"]
    assert found.value == math.floor(3 * BREAKS["session", "shard_ops"])
    assert found.text == "⌊members × shard_ops_s × shards ÷ store_ops_s⌋"


@pytest.mark.parametrize("approach", GUARDED)
def test_at_the_number_where_it_breaks_the_resource_is_just_full(approach: str) -> None:
    first = limits(Terms(BY_NAME[approach], LOAD, CONSTANTS))[0]
    just = replace(LOAD, members=int(first.breaks_at.value))
    again = limits(Terms(BY_NAME[approach], just, CONSTANTS))[0]
    assert again.resource == first.resource
    assert again.share == pytest.approx(1, rel=1e-3)


def test_what_breaks_first_changes_from_the_nodes_to_what_they_share() -> None:
    able = capacities(replace(LOAD, work_ms=5), CONSTANTS)
    first = {approach: [limit.resource for _, limit in line] for approach, line in able.items()}
    assert {line[0] for line in first.values()} == {"node_threads"}
    assert first["session"][-1] == "shard_ops"
    assert first["token"][-1] == first["hybrid"][-1] == "db_writer"
    assert first["memory"][-1] == "node_threads"


def test_a_larger_node_holds_more_until_one_core_is_full_and_more_nodes_go_on() -> None:
    """400 µs of a core and 20 ms of a thread a request, as 0.7 of each may be used: 35 threads keep a core busy."""
    load = replace(LOAD, threads_per_node=1, round_trip_ms=0, visit_min=1440, access_ttl_s=3600)
    by_token = next(one for one in growth(load, CONSTANTS) if one.approach == "token")
    up, out = ([getattr(step, way).first for step in by_token.steps] for way in ("up", "out"))
    assert [limit.resource for limit in up] == ["node_threads"] * 6 + ["node_cpu"]
    assert by_token.flat_from is by_token.steps[6]
    for step, limit in enumerate(up[:6]):
        assert limit.breaks_at.value == pytest.approx(2**step * up[0].breaks_at.value, rel=0.01)
    assert [limit.resource for limit in out] == ["node_threads"] * 7
    assert out[6].breaks_at.value == pytest.approx(64 * up[0].breaks_at.value, rel=0.01)
    assert up[6].breaks_at.value < out[6].breaks_at.value


def test_a_larger_node_of_the_memory_approach_has_the_larger_memory_too() -> None:
    tight = replace(LOAD, node_gib=1, session_idle_s=3_000_000, session_absolute_s=30_000_000)
    by_memory = next(one for one in growth(tight, CONSTANTS) if one.approach == "memory")
    first, second = (by_memory.steps[number].up.first for number in (0, 1))
    assert (first.resource, second.resource) == ("node_memory", "node_memory")
    assert second.breaks_at.value == pytest.approx(2 * first.breaks_at.value, rel=0.01)


@pytest.mark.parametrize(("percent", "third"), [(200, 400), (250, 781.25), (100, 50)])
def test_each_doubling_of_a_machine_costs_its_percentage_and_each_node_the_same(percent: int, third: float) -> None:
    priced = replace(LOAD, machine_price=50, doubling_percent=percent)
    for one in growth(priced, CONSTANTS):
        assert [step.out.price.value for step in one.steps] == [50, 100, 200, 400, 800, 1600, 3200]
        assert one.steps[0].up.price.value == 50
        assert one.steps[3].up.price.value == pytest.approx(third)
        assert one.steps[3].up.price.text == "machine_price × (doubling_percent ÷ 100)^3"
        for way in (one.steps[3].up, one.steps[3].out):
            assert way.price_per_1000.value == pytest.approx(1000 * way.price.value / way.first.breaks_at.value)


def test_in_proportion_both_cost_the_same_until_one_core_is_full() -> None:
    for one in growth(Load(), CONSTANTS):
        assert one.flat_from is not None
        for step in one.steps:
            up, out = step.up.price_per_1000.value, step.out.price_per_1000.value
            if step.size < one.flat_from.size:
                assert up == pytest.approx(out, rel=0.01)
            if step.size > one.flat_from.size:
                assert up > 1.5 * out


def test_the_chart_draws_more_members_higher_up_and_keeps_names_apart() -> None:
    drawn = chart(LOAD, capacities(LOAD, CONSTANTS))
    for line in drawn.lines:
        heights = [float(point.partition(",")[2]) for point in line.points.split()]
        assert heights == sorted(heights, reverse=True)
        assert 0 <= min(heights) <= max(heights) <= 100
    names = sorted(line.label_y for line in drawn.lines)
    assert all(lower - upper > 6.9 for upper, lower in pairwise(names))
    assert all(0 <= y <= 100 for y in names)


@pytest.mark.parametrize("field", INPUTS, ids=lambda field: field.name)
@pytest.mark.parametrize("wrong", ["-1", "1.5", "many", "10000000000000", "９9９9９9９9９9", True, None])
def test_a_wrong_input_is_named_with_what_it_takes(field: object, wrong: object) -> None:
    name, given = field.name, {field.name: wrong}  # type: ignore[attr-defined]
    if wrong is None:
        assert read_load(given) == Load()
        return
    with pytest.raises(BadRequest, match=f"^400 Bad Request: {name} must be a whole number from "):
        read_load(given)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"access_ttl_s": "100", "refresh_ttl_s": "99"}, "access_ttl_s must be at most refresh_ttl_s"),
        ({"session_idle_s": "100", "session_absolute_s": "99"}, "session_idle_s must be at most session_absolute_s"),
    ],
)
def test_lifetimes_nest(given: dict[str, str], says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        read_load(given)


def test_a_query_holds_what_differs_and_is_read_back() -> None:
    assert as_query(Load()) == {}
    assert read_load({name: str(value) for name, value in as_query(LOAD).items()}) == LOAD


def test_a_runs_readings_take_the_place_of_the_constants() -> None:
    arms = [
        {"approach": "token", "factors": {"algorithm": "EdDSA"}, "verify_us_p50": 99.0, "store_us_p50": 0.0},
        {"approach": "token", "factors": {"round_trip_ms": 0}, "verify_us_p50": 61.0, "store_us_p50": 0.0},
        {"approach": "token", "factors": {"round_trip_ms": 5}, "verify_us_p50": 63.0, "store_us_p50": 0.0},
        {"approach": "session", "factors": {"round_trip_ms": 0}, "verify_us_p50": 9.0, "store_us_p50": 140.0},
        {"approach": "session", "factors": {"round_trip_ms": 5}, "verify_us_p50": 9.0, "store_us_p50": 5200.0},
    ]
    taken = with_run(CONSTANTS, {"experiment": "lookup-cost", "arms": arms})
    assert (taken.verify_us, taken.store_us) == (62.0, 140.0)
    assert taken.of_run == {"verify_us", "store_us"}
    assert with_run(CONSTANTS, {"experiment": "lookup-cost", "arms": []}) == CONSTANTS
    assert with_run(CONSTANTS, {"experiment": "scale-out", "arms": arms}) == CONSTANTS, "there they wait for each other"


@pytest.mark.parametrize(("store_us", "longer_us"), [(260, 260), (200, 200), (70, 200)])
def test_a_look_ups_computing_is_counted_once(store_us: float, longer_us: float) -> None:
    """`store_us` is the look-up whole, and `request_cpu_us` has its computing too: 200 µs, below which it cannot be."""
    nearby, constants = replace(LOAD, round_trip_ms=0), replace(CONSTANTS, store_us=store_us)
    session, memory = (
        formulas.request_us(Terms(BY_NAME[name], nearby, constants)).value for name in ("session", "memory")
    )
    assert session - memory == longer_us


def test_a_memory_run_says_what_a_login_weighs() -> None:
    arms = [
        {"approach": approach, "factors": {"logged_in_members": 1000}, "fit": {"bytes_a_login": weight}}
        for approach, weight in (("memory", 898.16), ("session", 490.05), ("token", 428.29))
    ]
    arms.append({"approach": "token", "factors": {}, "fit": None})
    taken = with_run(CONSTANTS, {"experiment": "memory", "arms": arms})
    assert (taken.session_node_bytes, taken.session_store_bytes, taken.login_db_bytes) == (898.2, 490.1, 428.3)
    assert taken.of_run == {"session_node_bytes", "session_store_bytes", "login_db_bytes"}


def test_the_committed_constants_are_whole_and_say_how_they_were_measured() -> None:
    constants, source = measured()
    assert source.command.startswith("python -m bench.constants")
    assert source.machine["cores"] >= 1
    for approach in GUARDED:
        assert constants.request_cpu_us[approach] > constants.request_cpu_us["open"] > 0
    assert constants.login_store_ops["session"] > constants.login_store_ops["token"]
    assert constants.request_wire_bytes["token"] > constants.request_wire_bytes["session"]


def test_a_plan_for_programs_has_every_figure_with_its_formula() -> None:
    shown = view(LOAD, plan(LOAD, CONSTANTS), growth(LOAD, CONSTANTS))
    assert shown["load"]["members"] == 36_000
    assert shown["approaches"]["token"]["figures"]["db_writes_s"] == {
        "value": 150,
        "formula": "refreshes_s + logins_s",
        "worked": "120 + 30",
    }
    assert shown["approaches"]["token"]["helpers"]["gap_s"]["formula"] == "60 ÷ requests_per_minute"
    assert shown["approaches"]["session"]["breaks"][0]["resource"] == "node_threads"
