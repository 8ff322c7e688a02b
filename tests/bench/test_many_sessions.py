"""The same page, asked of a store with few sessions and of one with many."""

import json
import random
from pathlib import Path

import pytest

from bench.many_sessions import PAGE, filled, main

pytestmark = pytest.mark.own_processes


def test_each_request_is_for_another_of_the_sessions_that_are_there(tmp_path: Path) -> None:
    with filled(tmp_path / "store", 5) as store:
        assert len(set(store.ids)) == 5
        for number, sid in enumerate(store.ids, 1):
            answer = store.caller.ask("GET", PAGE, {"Cookie": f"sot_sid={sid}"}, b"")
            assert json.loads(answer.body)["member"]["id"] == f"load-000{number}"
        assert store.us(3, random.Random(0)) > 0


def test_what_was_measured_is_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--few", "2", "--many", "9", "--rounds", "3", "--out", str(tmp_path)])
    told = json.loads((tmp_path / "many-sessions.json").read_text())
    assert [store["sessions"] for store in told["stores"]] == [2, 9]
    assert len(told["us"]) == 3
    assert told["ratio"]["low"] <= told["ratio"]["value"] <= told["ratio"]["high"]
    assert told["command"] == "python -m bench.many_sessions --few 2 --many 9 --rounds 3"
    assert "9 sessions" in capsys.readouterr().out
