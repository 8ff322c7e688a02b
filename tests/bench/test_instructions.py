"""No path becomes much longer unnoticed: instructions are counted, so no machine is too slow for this test."""

from pathlib import Path

from bench.instructions import BARE, MARGIN, MEASURED, count_all, excess, instructions, too_long


def test_no_path_takes_many_more_instructions_than_were_measured(store_url: str, tmp_path: Path) -> None:
    counted = count_all(store_url, tmp_path)
    assert too_long(counted) == []
    assert counted == count_all(store_url, tmp_path)  # exact, or nothing could be held to it


def test_a_path_above_its_limit_is_named() -> None:
    bare = 1000
    longer = {name: round(bare * (1 + figure * MARGIN)) + 10 for name, figure in MEASURED.items()}
    assert [line.split(" takes")[0] for line in too_long({BARE: bare, **longer})] == list(MEASURED)
    assert excess({BARE: bare, "/open": 2 * bare}) == {"/open": 1.0}


def test_a_call_is_counted_by_its_own_instructions() -> None:
    def loop(times: int) -> None:
        for _ in range(times):
            pass

    short, long = instructions(lambda: loop(10)), instructions(lambda: loop(110))
    assert (long - short) % 100 == 0
    assert long > short
