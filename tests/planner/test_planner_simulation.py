"""The simulation against cases with a closed form, and against the committed run that was measured on a real lab."""

import json
from copy import deepcopy
from functools import cache
from itertools import chain, repeat
from typing import Any

import pytest

from planner.constants import measured
from planner.fleet import kinds_of, md1_wait_us, prospect
from planner.formulas import Terms
from planner.load import Load
from planner.reproduce import Reproduction, committed, foretell, outside_us, reproduce, simulate_committed
from planner.runs import OWN_RUNS, SCALE_OUT, results_of
from planner.simulation import SWITCH_US, Fleet, SimulatedRequest, Simulation
from service.approaches import BY_NAME, SESSION

WITHIN = 0.15
RESULTS: dict[str, Any] = json.loads(max(OWN_RUNS.glob("*.json")).read_text())


def test_one_member_takes_as_long_as_the_parts_add_up_to() -> None:
    request = SimulatedRequest(cpu_us=400, work_us=20_000, store_us=1500, store_command_us=7, outside_us=300)
    outcome = Simulation(Fleet(1), repeat(request)).closed_loop(1, 10)
    assert outcome.took_us == pytest.approx([22_200] * 10)
    assert outcome.rps(0) == pytest.approx(1e6 / 22_200)


def test_a_node_is_limited_by_its_threads_while_its_pages_wait() -> None:
    outcome = Simulation(Fleet(1, threads=2), repeat(SimulatedRequest(cpu_us=0, work_us=10_000))).closed_loop(16, 400)
    assert outcome.rps(100) == pytest.approx(200, rel=0.01)
    assert outcome.percentile_us(0.5, 100) == pytest.approx(16 / 200 * 1e6, rel=0.01)  # Little's law


def test_more_threads_do_not_compute_faster_under_one_interpreter_lock() -> None:
    for threads in (1, 2, 8):
        outcome = Simulation(Fleet(1, threads=threads), repeat(SimulatedRequest(cpu_us=1000))).closed_loop(16, 400)
        assert outcome.rps(100) == pytest.approx(1000, rel=0.01)


def test_more_nodes_than_cores_do_not_compute_faster_either() -> None:
    rps = {
        n: Simulation(Fleet(n, cores=2), repeat(SimulatedRequest(cpu_us=1000))).closed_loop(16, 800).rps(100)
        for n in (1, 2, 4)
    }
    assert rps[1] == pytest.approx(1000, rel=0.01)
    assert rps[2] == pytest.approx(rps[4], rel=0.02)
    assert rps[4] == pytest.approx(2000, rel=0.02)


def test_the_store_does_one_thing_at_a_time() -> None:
    request = SimulatedRequest(cpu_us=0, store_us=1000, store_command_us=1000)
    outcome = Simulation(Fleet(8, threads=4), repeat(request)).closed_loop(64, 800)
    assert outcome.rps(100) == pytest.approx(1000, rel=0.01)


def test_a_sticky_balancer_leaves_nodes_idle_that_no_member_was_sent_to() -> None:
    request = SimulatedRequest(cpu_us=0, work_us=10_000)
    sticky = Simulation(Fleet(4, threads=1, balancer="sticky"), repeat(request)).closed_loop(6, 600).rps(100)
    evenly = Simulation(Fleet(4, threads=1), repeat(request)).closed_loop(6, 600).rps(100)
    assert sticky == pytest.approx(evenly, rel=0.01) == pytest.approx(400, rel=0.01)
    few = Simulation(Fleet(4, threads=1, balancer="sticky"), repeat(request)).closed_loop(2, 600).rps(100)
    assert few == pytest.approx(200, rel=0.01)


@pytest.mark.parametrize("use", [0.3, 0.6, 0.8])
def test_an_open_stream_waits_as_an_md1_queue_does(use: float) -> None:
    service_us = 1000.0
    outcome = Simulation(Fleet(1, threads=1), repeat(SimulatedRequest(cpu_us=service_us))).open_stream(
        use * 1e6 / service_us, 25_000
    )
    waited_us = sum(outcome.took_us[2000:]) / len(outcome.took_us[2000:]) - service_us
    assert waited_us == pytest.approx(md1_wait_us(service_us, use), rel=0.12)
    assert outcome.rps(2000) == pytest.approx(use * 1e6 / service_us, rel=0.03)


def test_the_same_seed_gives_the_same_run() -> None:
    first, second = (
        Simulation(Fleet(2), repeat(SimulatedRequest(cpu_us=500))).open_stream(900, 500, seed=7) for _ in range(2)
    )
    assert first.took_us == second.took_us


@cache
def comparisons() -> dict[str, Reproduction]:
    """Return the committed run's arms as they were simulated last."""
    return {arm.name: arm for arm in committed() if arm.run == RESULTS["experiment"]}


def some_arms_of(results: dict[str, Any], every: int) -> dict[str, Any]:
    """Return a run with fewer arms; the one that gives the machine's constant is among them."""
    [first] = [arm.name for arm in comparisons().values() if arm.calibrates]
    kept = [arm for number, arm in enumerate(results["arms"]) if number % every == 0 or arm["name"] == first]
    return {**results, "arms": kept}


def test_what_is_kept_is_what_the_model_says() -> None:
    """Of some arms: of all, every night. If this fails, `python -m planner simulate` keeps what the model says now."""
    constants, scale_out = measured()[0], results_of(SCALE_OUT)
    some = [
        *reproduce(some_arms_of(RESULTS, every=8), constants),
        *foretell({**scale_out, "arms": scale_out["arms"][::12]}, constants, outside_us(RESULTS)),
    ]
    assert {arm.run for arm in some} == {"planner-scaling", "scale-out"}
    assert [arm for arm in some if arm not in committed()] == []


@pytest.mark.nightly
def test_all_that_is_kept_is_what_the_model_says() -> None:
    assert simulate_committed(measured()[0]) == committed()


@pytest.mark.parametrize("name", [arm["name"] for arm in RESULTS["arms"]])
def test_a_measured_arm_is_reproduced(name: str) -> None:
    """One arm a run gives the machine's constant; every other one is predicted from the run's own readings."""
    rps_off, p50_off = comparisons()[name].off
    assert abs(rps_off) <= WITHIN
    assert abs(p50_off) <= WITHIN


def test_the_committed_run_varies_what_matters_and_was_fit_to_publish() -> None:
    assert RESULTS["publishable"], RESULTS["reasons"]
    factors = [(arm["approach"], *arm["factors"].values()) for arm in RESULTS["arms"]]
    for approach in ("session", "token"):
        for nodes in (1, 2, 4):
            for round_trip_ms in (0, 1, 5):
                assert (approach, nodes, "round_robin", round_trip_ms, 20, 6 * nodes, 60, 2) in factors
        assert (approach, 4, "sticky", 0, 20, 16, 0, 2) in factors
    for arm in RESULTS["arms"]:
        assert arm["failures"] == 0
        assert arm["store_commands_per_request"] == pytest.approx({"session": 1, "token": 0}[arm["approach"]], abs=0.1)


def foretold() -> list[Reproduction]:
    return [arm for arm in committed() if arm.run == "scale-out"]


def test_the_load_test_is_foretold_without_any_constant_of_its_own() -> None:
    off = {arm.name: arm.off for arm in foretold()}
    assert {arm: both for arm, both in off.items() if max(map(abs, both)) > WITHIN} == {}
    assert not any(arm.calibrates for arm in foretold())


def test_what_is_foretold_is_every_door_at_every_size_but_where_members_are_turned_away() -> None:
    loops = {(arm.approach, arm.conditions["nodes"], arm.conditions["balancer"]) for arm in foretold()}
    doors = [(1, "round_robin"), *((nodes, door) for nodes in (2, 4) for door in ("round_robin", "sticky"))]
    turned_away = {("memory", 2, "round_robin"), ("memory", 4, "round_robin")}
    approaches = ("memory", "session", "token", "hybrid")
    assert loops == {(approach, *door) for approach in approaches for door in doors} - turned_away
    assert len(foretold()) == len(loops)


def test_members_who_pause_ask_as_often_as_they_are_answered_and_pause() -> None:
    """One member alone: a cycle is the request and the pause."""
    outcome = Simulation(Fleet(1), repeat(SimulatedRequest(cpu_us=1000))).closed_loop(1, 20_000, pause_us=9000)
    assert outcome.rps(100) == pytest.approx(100, rel=0.03)
    assert outcome.percentile_us(0.5) == pytest.approx(1000)


def test_only_one_arm_gives_the_machines_constant() -> None:
    assert sum(arm.calibrates for arm in comparisons().values()) == 1


def test_the_check_would_notice_a_model_that_is_wrong() -> None:
    """Tell the model half of the threads that the nodes had."""
    results = deepcopy(some_arms_of(RESULTS, every=6))
    for arm in results["arms"]:
        arm["factors"]["threads"] = 1
    wrong = [arm for arm in reproduce(results, measured()[0]) if max(map(abs, arm.off)) > WITHIN]
    assert len(wrong) > len(results["arms"]) / 2


def test_a_run_that_does_not_tell_enough_is_refused() -> None:
    with pytest.raises(ValueError, match="no arm has"):
        reproduce({"arms": [{"approach": "session", "rps": 1.0}], "machine": {"cores": 2}}, measured()[0])


def test_one_node_stands_for_a_thousand_and_an_overloaded_fleet_is_said_to_be_one() -> None:
    constants = measured()[0]
    fits = prospect(Terms(SESSION, Load(members=100_000, nodes=1000), constants))
    assert fits.overloaded is None
    assert fits.p50_us > 6000  # the page waits for 5 ms, and its store is 1 ms away
    over = {
        (approach, shards): prospect(
            Terms(BY_NAME[approach], Load(members=10_000_000, nodes=1000, shards=shards), constants)
        )
        for approach, shards in (("session", 1), ("session", 11), ("token", 1))
    }
    assert {asked: seen.overloaded for asked, seen in over.items()} == {
        ("session", 1): "shard_ops",
        ("session", 11): "node_threads",
        ("token", 1): "db_writer",
    }


def test_pages_wait_for_log_ins_beside_them() -> None:
    """One of two threads is taken for the 21 ms of a log-in; the other one computes in between."""
    terms = Terms(SESSION, Load(members=200_000, nodes=100), measured()[0])
    rate_s, request = kinds_of(terms)[0]
    alone = Simulation(Fleet(1, 2, cores=1), repeat(request)).open_stream(rate_s / 100, 6000)
    assert prospect(terms).p99_us > alone.percentile_us(0.99, 500)


def test_a_thread_that_computes_for_long_lets_others_go_on() -> None:
    """A page that comes beside a log-in waits for one turn of it each time that it computes, and not for all of it."""
    long, short = SimulatedRequest(cpu_us=40_000, counted=False), SimulatedRequest(cpu_us=200)
    outcome = Simulation(Fleet(1, threads=2), chain([long, short], repeat(long))).closed_loop(2, 2)
    assert outcome.took_us == [pytest.approx(2 * SWITCH_US + 200)]
