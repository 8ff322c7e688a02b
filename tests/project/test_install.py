"""The installation, in real virtual environments: what it brings, when it does nothing, and how it fails."""

import ast
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import install
from tests.support.ports import free_port
from tests.support.toy_index import ToyIndex
from tests.support.toy_lab import ROOT, ToyLab

pytestmark = pytest.mark.own_processes

LOCKS = ("run", "dev", "bench", "pip", "uv")
IS_ROOT = os.geteuid() == 0


def nightly(case: object) -> object:
    """A case that says once more, in seconds, what the one before it says."""
    return pytest.param(case, marks=pytest.mark.nightly)


@pytest.fixture
def lab(tmp_path: Path) -> ToyLab:
    return ToyLab(tmp_path)


@pytest.fixture
def index(lab: ToyLab) -> Iterator[ToyIndex]:
    """An index that both sets are locked to; `env=at(index)` has uv ask it."""
    alpha, beta = lab.wheel("alpha"), lab.wheel("beta", weight=200_000)
    lab.lock_by_name("run", alpha)
    lab.lock_by_name("dev", alpha, beta)
    index = ToyIndex(lab.wheels)
    yield index
    index.stop()


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """This process with a home of its own, and a pip that is told nothing."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {"HOME": tmp_path, "XDG_CONFIG_DIRS": tmp_path, "XDG_CONFIG_HOME": tmp_path / ".config"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(install, "SHARED", tmp_path)
    return monkeypatch


def at(index: ToyIndex) -> dict[str, str]:
    return {"UV_DEFAULT_INDEX": index.url, "UV_NO_CACHE": "1"}


def no_network() -> dict[str, str]:
    return {"UV_DEFAULT_INDEX": f"http://127.0.0.1:{free_port()}/simple/", "UV_NO_CACHE": "1"}


def assert_one_line(ran: subprocess.CompletedProcess[str], *told: str) -> None:
    assert ran.returncode not in {0, -signal.SIGKILL}
    assert ran.stderr.count("\n") == 1, ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    assert all(re.search(word, ran.stderr) for word in told), ran.stderr


# What is installed


def test_run_installs_what_runs_the_lab_and_nothing_more(lab: ToyLab) -> None:
    """In a private folder with a space in its name, as every test here."""
    ran = lab.install("run")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert lab.installed() == {"alpha-1": "uv"}
    assert lab.says("alpha") == "alpha 1"


def test_dev_adds_to_run_and_then_run_is_there_too(lab: ToyLab) -> None:
    lab.install("run")
    lab.install("dev")
    assert lab.installed() == {"alpha-1": "uv", "beta-1": "uv"}
    assert lab.install("run").stdout == ""


def test_a_second_start_needs_no_installer_and_no_network(lab: ToyLab) -> None:
    lab.install("run")
    (lab.path / "uv").unlink()
    again = lab.install("run", **no_network())
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_a_changed_lock_is_installed(lab: ToyLab) -> None:
    lab.install("run")
    lab.lock("run", lab.wheel("alpha", version="2"))
    lab.install("run")
    assert lab.installed() == {"alpha-2": "uv"}


def test_a_package_that_is_not_the_one_in_the_lock_is_refused(lab: ToyLab) -> None:
    lab.wheel("alpha", weight=10)  # another one, under the same name
    assert_one_line(lab.install("run"), "not the one in the lock")
    assert lab.installed() == {}


@pytest.mark.parametrize("target", ["demo", "load", "test", "setup", "lint", "bench"])
def test_make_installs_no_more_than_a_target_needs(target: str) -> None:
    said = subprocess.run(["make", "-n", target], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    sets = {"demo": "run", "load": "run", "bench": "bench"}
    assert re.findall(r"install\.py (\w+)", said) == [sets.get(target, "dev")]


# By which installer


@pytest.mark.parametrize(("variable", "is_told"), [("PIP_INDEX_URL", True), ("PIP_CERT", True), ("PIP_RETRIES", False)])
def test_variables_tell_pip_where_to_look(variable: str, is_told: bool, bare: pytest.MonkeyPatch) -> None:
    bare.setenv(variable, "1")
    assert install.is_pip_set_up() == is_told


@pytest.mark.parametrize("file", [".config/pip/pip.conf", ".pip/pip.conf", "named.conf"])
@pytest.mark.parametrize(
    ("setting", "is_told"), [("index-url = x", True), ("constraint = x", True), ("retries = 1", False)]
)
def test_files_tell_pip_where_to_look(
    file: str, setting: str, is_told: bool, bare: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(f"[global]\n{setting}\n")
    bare.setenv("PIP_CONFIG_FILE", str(tmp_path / "named.conf"))
    assert install.is_pip_set_up() == is_told


@pytest.mark.nightly
def test_pip_installs_where_pip_is_set_up(lab: ToyLab, index: ToyIndex) -> None:
    ran = lab.install("run", PIP_INDEX_URL=index.url)
    assert ran.returncode == 0, ran.stderr
    assert lab.installed()["alpha-1"] == "pip"


@pytest.mark.nightly
def test_pip_installs_where_there_is_no_uv(lab: ToyLab) -> None:
    (lab.path / "uv").unlink()
    lab.write("uv", f"{(lab.wheels / 'none.whl').as_uri()} --hash=sha256:{64 * '0'}\n")
    ran = lab.install("run")
    assert ran.returncode == 0, ran.stderr
    assert lab.installed()["alpha-1"] == "pip"


@pytest.mark.nightly
def test_uv_is_brought_by_pip_and_stays_apart_from_the_lab(lab: ToyLab) -> None:
    real = (lab.path / "uv").resolve()
    (lab.path / "uv").unlink()
    lab.lock("uv", lab.program("uv", f'#!/bin/sh\nexec "{real}" "$@"\n'))
    ran = lab.install("run")
    assert ran.returncode == 0, ran.stderr
    assert lab.installed() == {"alpha-1": "uv"}


# What makes it start anew


def test_an_interpreter_that_is_gone_has_the_environment_made_anew(lab: ToyLab) -> None:
    lab.install("run")
    python = lab.folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/no/such/python")
    assert lab.install("run").returncode == 0
    assert lab.says("alpha") == "alpha 1"


def test_a_folder_that_was_moved_has_the_environment_made_anew(lab: ToyLab) -> None:
    lab.install("run")
    lab.folder = lab.folder.rename(lab.folder.with_name("moved"))
    lab.install("run")
    assert lab.says("alpha") == "alpha 1"


def test_an_installation_that_was_killed_is_made_anew(lab: ToyLab, index: ToyIndex) -> None:
    index.hangs = True
    killed = lab.start("run", **at(index))
    assert index.asked.wait(20)
    killed.kill()
    killed.communicate()
    index.hangs = False
    assert lab.install("run", **at(index)).returncode == 0
    assert lab.says("alpha") == "alpha 1"


@pytest.mark.nightly
def test_it_can_be_started_from_within_the_environment_that_it_makes_anew(lab: ToyLab) -> None:
    lab.install("run")
    (lab.folder / ".venv" / "installed").unlink()
    ran = lab.install("run", python=str(lab.folder / ".venv" / "bin" / "python"))
    assert ran.returncode == 0, ran.stderr
    assert lab.says("alpha") == "alpha 1"


def test_two_at_once_install_one_after_the_other(lab: ToyLab) -> None:
    both = [lab.start("run"), lab.start("dev")]
    for one in both:
        one.communicate(timeout=60)
    assert [one.returncode for one in both] == [0, 0]
    assert lab.installed() == {"alpha-1": "uv", "beta-1": "uv"}


def test_it_gives_a_sign_of_life_while_it_waits(lab: ToyLab, index: ToyIndex) -> None:
    index.hangs = True
    hurried = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import install; "
        "install.SIGN_EVERY_S = 0.2; sys.exit(install.main())"
    )
    running = lab.python("-c", hurried, lab.folder, **at(index))
    assert index.asked.wait(20)
    assert running.stdout
    said = b""
    while not re.fullmatch(rb"Installing what runs the lab into .venv \.\.\. \d+ s \.\.\..*", said):
        more = os.read(running.stdout.fileno(), 100)
        assert more, said
        said += more
    running.terminate()
    running.communicate()


# How it fails


def test_no_network_is_one_line_and_the_next_try_works(lab: ToyLab, index: ToyIndex) -> None:
    assert_one_line(lab.install("run", **no_network()), "cannot be reached")
    assert lab.install("run", **at(index)).returncode == 0


@pytest.mark.parametrize("way", ["uv", nightly("pip")])
def test_a_network_that_fails_in_mid_download_is_one_line(lab: ToyLab, index: ToyIndex, way: str) -> None:
    env = at(index) if way == "uv" else {"PIP_INDEX_URL": index.url, "PIP_RETRIES": "0"}
    index.breaks = True
    assert_one_line(lab.install("run", **env), "stopped answering" if way == "uv" else "is damaged")
    index.breaks = False
    assert lab.install("run", **env).returncode == 0
    assert lab.installed()["alpha-1"] == way


def test_without_a_network_the_set_that_was_there_still_starts(lab: ToyLab, index: ToyIndex) -> None:
    lab.install("run", **at(index))
    assert_one_line(lab.install("dev", **no_network()), "cannot be reached")
    again = lab.install("run", **no_network())
    assert (again.returncode, again.stdout) == (0, "")


@pytest.mark.parametrize("way", ["uv", nightly("pip")])
def test_a_proxy_that_refuses_is_named(lab: ToyLab, index: ToyIndex, way: str) -> None:
    proxy = f"127.0.0.1:{free_port()}"
    env = {"HTTPS_PROXY": f"http://me:secret@{proxy}", "PIP_RETRIES": "1"}
    env |= {"UV_NO_CACHE": "1"} if way == "uv" else {"PIP_CERT": "/etc/ssl/certs/ca-certificates.crt"}
    ran = lab.install("run", **env)
    assert_one_line(ran, f"proxy http://{proxy}", "HTTPS_PROXY")
    assert "secret" not in ran.stderr


@pytest.mark.parametrize("way", ["uv", nightly("pip")])
@pytest.mark.skipif(not IS_ROOT, reason="a disk of its own is root's to mount")
def test_a_full_disk_is_one_line_and_the_next_try_works(lab: ToyLab, way: str) -> None:
    lab.lock("run", lab.wheel("alpha", weight=3_000_000))
    env = {"UV_LINK_MODE": "copy"} if way == "uv" else {"PIP_FIND_LINKS": str(lab.wheels)}
    (lab.folder / ".venv").mkdir()
    with Disk(lab.folder / ".venv", "size=1m") as disk:
        assert_one_line(lab.install("run", **env), "disk is full")
        disk.remount("size=50m")
        assert lab.install("run", **env).returncode == 0
        assert lab.says("alpha") == "alpha 1"


@pytest.mark.skipif(not IS_ROOT, reason="a disk of its own is root's to mount")
def test_a_folder_that_cannot_be_written_is_one_line(lab: ToyLab) -> None:
    (lab.folder / ".venv").mkdir()
    with Disk(lab.folder / ".venv", "ro"):
        assert_one_line(lab.install("run"), "cannot write", re.escape(str(lab.folder)))


@pytest.mark.parametrize("number", [signal.SIGINT, nightly(signal.SIGTERM), nightly(signal.SIGHUP)])
def test_stopping_it_ends_all_it_started_and_the_next_try_works(lab: ToyLab, index: ToyIndex, number: int) -> None:
    index.hangs = True
    before = signal.signal(number, signal.SIG_DFL)  # a shell's background job ignores SIGINT, and so would its children
    running = lab.start("run", **at(index))
    signal.signal(number, before)
    assert index.asked.wait(20)
    running.send_signal(number)
    out, err = running.communicate(timeout=10)  # ends only when no child holds the pipes
    assert_one_line(subprocess.CompletedProcess([], running.returncode, out, err), "Stopped")
    assert not list(children_at(lab.folder))
    index.hangs = False
    assert lab.install("run", **at(index)).returncode == 0


def test_a_python_without_ensurepip_is_told_the_package(lab: ToyLab) -> None:
    without = "import sys, runpy; sys.modules['ensurepip'] = None; sys.argv[:] = sys.argv[1:]; "
    running = lab.python("-c", without + "runpy.run_path(sys.argv[0], run_name='__main__')", lab.folder / "install.py")
    out, err = running.communicate(timeout=20)
    told = f"apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert_one_line(subprocess.CompletedProcess([], running.returncode, out, err), told)
    assert not (lab.folder / ".venv").exists()


def test_an_old_python_can_read_the_file_and_is_told_what_is_needed(lab: ToyLab) -> None:
    ast.parse((ROOT / "install.py").read_text(), feature_version=(3, 6))
    old = "import sys, runpy; sys.version_info = (3, 6, 15); runpy.run_path(sys.argv[1], run_name='__main__')"
    running = lab.python("-c", old, lab.folder / "install.py")
    out, err = running.communicate(timeout=20)
    assert_one_line(subprocess.CompletedProcess([], running.returncode, out, err), "Python 3.11 or newer", "3.6")


@pytest.mark.nightly
def test_a_failure_without_a_line_of_its_own_is_kept_whole(lab: ToyLab) -> None:
    (lab.wheels / "alpha-1-py3-none-any.whl").unlink()
    ran = lab.install("run")
    assert_one_line(ran, "The installation failed: .*alpha", "failed.log")
    assert "alpha" in (lab.folder / ".venv" / "failed.log").read_text()


# The locks


@pytest.mark.parametrize(
    ("lock", "files"), [("run", ["-run"]), ("dev", ["-run", "", "-dev"]), ("bench", ["-run", "", "-dev", "-bench"])]
)
def test_a_lock_holds_every_direct_requirement_at_its_version(lock: str, files: list[str]) -> None:
    direct = {pin for file in files for pin in pins((ROOT / f"requirements{file}.txt").read_text())}
    assert direct
    assert direct <= set(locked(lock))


@pytest.mark.parametrize("part", ["run", "pip", "uv"])
def test_every_lock_agrees_with_the_whole_one(part: str) -> None:
    assert locked(part).items() <= locked("dev").items()


def test_the_lock_of_the_benchmark_measures_what_the_lab_runs_on() -> None:
    assert locked("dev").keys() <= locked("bench").keys()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_for_everything_and_names_no_address(lock: str) -> None:
    assert all(locked(lock).values())
    assert "://" not in (ROOT / "locks" / f"{lock}.txt").read_text()


def test_requirements_txt_brings_what_a_reader_expects_of_it() -> None:
    text = (ROOT / "requirements.txt").read_text() + (ROOT / "requirements-run.txt").read_text()
    names = {name for name, _ in pins(text)}
    assert {"flask", "flask-session", "redis", "pyjwt", "pytest", "locust"} <= names
    assert "-r requirements-run.txt" in text


def pins(text: str) -> list[tuple[str, str]]:
    return re.findall(r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)", text, re.MULTILINE)


def locked(name: str) -> dict[tuple[str, str], frozenset[str]]:
    """Return the pins of a lock with their hashes."""
    blocks = re.split(r"\n(?=\w)", (ROOT / "locks" / f"{name}.txt").read_text())
    return {pins(block)[0]: frozenset(re.findall(r"sha256:\w{64}", block)) for block in blocks if pins(block)}


def children_at(folder: Path) -> Iterator[Path]:
    """Yield the processes, of Linux, that work in a folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder:
                yield process
        except OSError:
            continue


class Disk:
    """A disk in memory, mounted on a folder."""

    def __init__(self, folder: Path, options: str) -> None:
        self.folder, self.options = folder, options

    def __enter__(self) -> "Disk":
        self._mount(self.options)
        return self

    def remount(self, options: str) -> None:
        self._mount(f"remount,{options}")

    def _mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.folder)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("nothing can be mounted here")

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "-l", str(self.folder)], check=True)
