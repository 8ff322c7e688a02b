"""Load tests here are ordered as from a terminal in which nothing is set."""

import pytest

from loadtests.lab import SETTINGS


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
