"""Who is measured, and that nothing is measured that does not guard."""

import random

import pytest
from redis import Redis

from bench import in_process, over_http
from bench.arms.arm import Arm, PythonApp
from bench.arms.left_out import WORDS, said
from bench.arms.table import ARMS, FLOORS, NODE_PEERS, OURS, PYTHON_PEERS, named
from bench.cores import Cores
from bench.in_process import Apps
from bench.over_http import Plan
from bench.proving import Unproved, altered, prove
from bench.servers import servers_of


@pytest.mark.parametrize("arm", [*OURS, *PYTHON_PEERS], ids=lambda arm: arm.name)
def test_an_arm_lets_the_right_member_in_and_refuses_a_bad_credential(arm: Arm, apps: Apps) -> None:
    assert isinstance(arm.app, PythonApp)
    if missing := arm.app.missing():
        pytest.skip(f"{missing} is not installed; `make bench` installs it")
    carried = prove(arm, apps.caller(arm).ask)
    assert bool(carried) == arm.is_guarded


@pytest.mark.parametrize(
    ("factory", "why"),
    [
        ("lets_everybody_in", "an altered credential got 200"),
        ("keeps_everybody_out", "the right member got 401"),
        ("shows_another_member", "the right member got 200"),
        ("breaks_without_a_cookie", "no credential got 500"),
    ],
)
def test_an_arm_that_does_not_guard_is_named_and_left_out(factory: str, why: str, apps: Apps) -> None:
    careless = Arm("careless", "session", PythonApp(f"tests.bench.careless:{factory}"))
    said: list[str] = []
    taken = in_process.measure([*named(("bare Flask",)), careless], 2, 1, random.Random(1), said.append)
    assert len(said) == 1
    assert "careless" in said[0]
    assert why in said[0]
    assert taken["us"].keys() == taken["cpu_us"].keys() == {"bare Flask"}
    assert len(taken["us"]["bare Flask"]) == 2


def test_an_arm_whose_package_is_not_there_is_named_with_what_brings_it(apps: Apps) -> None:
    absent = Arm("absent", "token", PythonApp("no.such:app", ("no_such_package",)))
    with pytest.raises(Unproved, match="absent: no_such_package is not installed; `make bench` installs it"):
        apps.caller(absent)


@pytest.mark.own_processes
def test_a_server_that_does_not_start_is_named_and_the_others_are_measured(apps: Apps, redis: Redis) -> None:
    broken = Arm("broken", "session", PythonApp("tests.bench.careless:no_such_function"))
    said: list[str] = []
    plan = Plan(redis, Cores(), [1], 0.05, 0, said.append)
    windows = over_http.measure([broken, *named(("bare Flask",))], plan, 2, random.Random(1))
    kinds = [server.kind for server in servers_of(broken)]
    assert sorted(line for line in said if "left out under" in line) == [
        f"left out under {kind}: broken: the server does not start" for kind in sorted(kinds)
    ]
    assert {(window["arm"], window["server"]) for window in windows} == {("bare Flask", kind) for kind in kinds}
    assert len(windows) == 2 * len(kinds)


def test_every_arm_has_a_name_of_its_own_and_says_what_it_leaves_out() -> None:
    assert len({arm.name for arm in ARMS}) == len(ARMS)
    assert {key for arm in ARMS for key in arm.leaves_out} <= WORDS.keys()
    assert all(arm.leaves_out for arm in (*PYTHON_PEERS, *NODE_PEERS))
    assert all(arm.documentation for arm in (*PYTHON_PEERS, *NODE_PEERS) if arm.name not in FLOORS)
    assert said((), "en") == "nothing"


def test_an_arm_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ValueError, match=r"there is no arm 'Flsk'.*bare Flask"):
        named(("Flsk",))
    assert named(()) == ARMS


def test_an_altered_credential_has_one_other_character() -> None:
    token = "Bearer head.claims.AAAAAAAAAAAAAAAAAAAA"
    changed = altered({"Authorization": token})["Authorization"]
    assert [place for place, (a, b) in enumerate(zip(token, changed, strict=True)) if a != b] == [len(token) - 10]
