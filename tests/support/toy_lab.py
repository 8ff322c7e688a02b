"""A lab of toy packages in a folder of its own, with install.py as it is: no network, and a second an installation."""

import ensurepip
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import uv

ROOT = Path(__file__).parents[2]
# Below any virtual environment, as a stranger's `python3` is.
PYTHON = getattr(sys, "_base_executable", sys.executable)
SCRIPT = "[console_scripts]\n{name} = {name}:main\n"


class ToyLab:
    """`run` needs the package `alpha`, `dev` also `beta`. Packages lie in `wheels`, and are found by file name."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wheels, self.path = folder / "a lab", folder / "wheels", folder / "path"
        for made in (self.folder, self.folder / "locks", self.wheels, self.path, folder / "home"):
            made.mkdir()
        self.folder.chmod(0o700)
        shutil.copy(ROOT / "install.py", self.folder)
        (self.path / "uv").symlink_to(uv.find_uv_bin())
        self.env = {
            "PATH": f"{self.path}:/usr/bin:/bin",
            "HOME": str(folder / "home"),
            "PIP_CONFIG_FILE": os.devnull,  # as on a machine where pip is not set up
            "UV_HTTP_RETRIES": "0",
        }
        alpha, beta = self.wheel("alpha"), self.wheel("beta")
        self.lock("run", alpha)
        self.lock("dev", alpha, beta)
        self.lock("pip", bundled_pip())

    def wheel(self, name: str, version: str = "1", weight: int = 0) -> Path:
        """Make a package with a command of its name; `weight` are bytes that do not compress."""
        file, info = self.wheels / f"{name}-{version}-py3-none-any.whl", f"{name}-{version}.dist-info"
        with zipfile.ZipFile(file, "w") as made:
            made.writestr(f"{name}.py", f"def main() -> None:\n    print('{name} {version}')\n")
            made.writestr(f"{name}.bin", os.urandom(weight))
            made.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            made.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: toy\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            made.writestr(f"{info}/entry_points.txt", SCRIPT.format(name=name))
            made.writestr(f"{info}/RECORD", "".join(f"{entry},,\n" for entry in [*made.namelist(), f"{info}/RECORD"]))
        return file

    def program(self, name: str, script: str) -> Path:
        """Make a package that brings a program, as uv's does."""
        file, info = self.wheels / f"{name}-1-py3-none-any.whl", f"{name}-1.dist-info"
        with zipfile.ZipFile(file, "w") as made:
            entry = zipfile.ZipInfo(f"{name}-1.data/scripts/{name}")
            entry.external_attr = 0o100755 << 16  # a file that may be run
            made.writestr(entry, script)
            made.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
            made.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: toy\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            made.writestr(f"{info}/RECORD", "".join(f"{entry},,\n" for entry in [*made.namelist(), f"{info}/RECORD"]))
        return file

    def lock(self, name: str, *wheels: Path) -> None:
        """Lock a set to files, which need no index."""
        self.write(name, "".join(f"{wheel.as_uri()} --hash=sha256:{digest(wheel)}\n" for wheel in wheels))

    def lock_by_name(self, name: str, *wheels: Path) -> None:
        """Lock a set to names and versions, to be found at an index."""
        pins = ("{}=={}".format(*wheel.name.split("-")) for wheel in wheels)
        self.write(
            name, "".join(f"{pin} --hash=sha256:{digest(wheel)}\n" for pin, wheel in zip(pins, wheels, strict=True))
        )

    def write(self, name: str, lock: str) -> None:
        (self.folder / "locks" / f"{name}.txt").write_text(lock)

    def install(self, wanted: str = "run", python: str = PYTHON, **env: str) -> subprocess.CompletedProcess[str]:
        process = self.start(wanted, python, **env)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def start(self, wanted: str = "run", python: str = PYTHON, **env: str) -> "subprocess.Popen[str]":
        return self.python(self.folder / "install.py", wanted, python=python, **env)

    def python(self, *arguments: object, python: str = PYTHON, **env: str) -> "subprocess.Popen[str]":
        command = [python, *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, env={**self.env, **env}, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    def installed(self) -> dict[str, str]:
        """Return what is in .venv, and which program brought it."""
        brought = self.folder.glob(".venv/lib/python*/site-packages/*.dist-info/INSTALLER")
        return {file.parent.name.partition(".")[0]: file.read_text().strip() for file in brought}

    def says(self, name: str) -> str:
        """Run the command of a package, as it was installed."""
        command = self.folder / ".venv" / "bin" / name
        return subprocess.run([command], check=True, capture_output=True, text=True).stdout.strip()


def bundled_pip() -> Path:
    """Return the wheel that Python's ensurepip has; Debian keeps it elsewhere."""
    folders = (Path(ensurepip.__file__).parent / "_bundled", Path("/usr/share/python-wheels"))
    return next(wheel for folder in folders for wheel in folder.glob("pip-*.whl"))


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
