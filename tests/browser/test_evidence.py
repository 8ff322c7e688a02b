"""A failed browser test shows what it saw: a picture of the page, its console, and what the lab said."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.evidence import FOLDER
from tests.support.lab_processes import ROOT

pytestmark = pytest.mark.browser

FAILS = """
def test_that_fails(browser, lab):
    with browser.new_context(base_url=lab) as context:
        page = context.new_page()
        page.goto("/tcp")
        page.evaluate("console.error('said by the page')")
        raise AssertionError("the test has failed")
"""


def test_a_failed_test_shows_what_it_saw(tmp_path: Path) -> None:
    test = tmp_path / "test_fails.py"
    test.write_text(FAILS)
    (tmp_path / "conftest.py").write_text("from tests.browser.conftest import *")
    command = [sys.executable, "-m", "pytest", "-n", "0", "-p", "tests.conftest"]
    ran = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-c", "pyproject.toml", "--basetemp", str(tmp_path / "base"), str(test)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1, ran.stdout
    assert "error: said by the page" in ran.stdout
    assert re.search(r"What the lab at .* said -*\nReady: http", ran.stdout)
    [picture] = [FOLDER.parent / line for line in ran.stdout.splitlines() if line.endswith(".png")]
    assert picture.read_bytes().startswith(b"\x89PNG")
    picture.unlink()
