"""Surroundings of a benchmark: a store, a folder, and members whose passwords cost little."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.arms.arm import FOLDER, STORE_URL
from bench.in_process import Apps


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def apps(folder: Path, store_url: str) -> Iterator[Apps]:
    """The applications of the arms, each made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STORE_URL, store_url)
        patch.setenv(FOLDER, str(folder))
        yield Apps()
