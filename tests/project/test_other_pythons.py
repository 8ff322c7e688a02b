"""The whole lab on every other Python of this machine: installed from the locks, and through all its tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MINORS = (11, 12, 13, 14)


@pytest.mark.nightly
@pytest.mark.parametrize("minor", [minor for minor in MINORS if minor != sys.version_info[1]])
def test_all_tests_pass_on_another_python(minor: int, tmp_path: Path) -> None:
    python = find_python(minor)
    if python is None:
        pytest.skip(f"no Python 3.{minor} here")
    lab = tmp_path / "lab"
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        (lab / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, lab / name)
    run(lab, python, "install.py", "dev")
    run(lab, lab / ".venv" / "bin" / "python", "-m", "pytest")


def find_python(minor: int) -> Path | None:
    """Return a Python of that version that runs: from PATH, or from pyenv."""
    named = shutil.which(f"python3.{minor}")
    found = [Path(named)] if named else []
    found += pyenv_versions().glob(f"3.{minor}.*/bin/python3.{minor}")
    return next((python for python in found if runs(python)), None)


def pyenv_versions() -> Path:
    """Ask pyenv, if there is one, where its Pythons are."""
    if not shutil.which("pyenv"):
        return Path("/nonexistent")
    return Path(
        subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True).stdout.strip(), "versions"
    )


def runs(python: Path) -> bool:
    """Tell whether it starts; pyenv's stand-ins for versions that are not chosen do not."""
    return subprocess.run([python, "-c", "import ensurepip"], check=False, capture_output=True).returncode == 0


def run(folder: Path, *command: str | Path) -> None:
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "VIRTUAL_ENV", "PYTHON"))
    }
    ran = subprocess.run(command, cwd=folder, env=env, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-4000:]
