"""Install the lab into .venv from the lock files: `python3 install.py run` (or `dev`, or `bench` with the peers).

A set that is already installed is not installed again. uv installs the packages, because it is fast. If pip has its own
index or certificate settings, pip installs them. Standard library only; Python 3.6 must be able to parse this file.
"""

import configparser
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

NEEDED: str = "The lab needs Python 3.11 or newer"  # Python 2 stops at this line and prints it
if sys.version_info < (3, 11):  # noqa: UP036 - to say so is what this is for
    this = "{}.{}".format(*sys.version_info)
    sys.exit(f"{NEEDED}, and this is {this}. Use another one: `make PYTHON=python3.13 demo`, `python3.13 install.py`.")

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed"
FAILED = VENV / "failed.log"
SETS = {
    "run": "what runs the lab",
    "dev": "the lab with its tests and linters",
    "bench": "the lab, its tests and the peers that it is measured against",
}
GOOD_FOR = {"run": ("run", "dev", "bench"), "dev": ("dev", "bench"), "bench": ("bench",)}
SIGN_EVERY_S = 3.0
SHARED = Path("/etc")  # the folder of the system-wide pip.conf

# Settings of pip that change neither its index nor its certificates.
HARMLESS = {
    *("config-file", "disable-pip-version-check", "root-user-action", "break-system-packages", "require-virtualenv"),
    *("cache-dir", "no-cache-dir", "timeout", "default-timeout", "retries"),
    *("quiet", "verbose", "progress-bar", "no-color", "no-input", "no-warn-script-location", "log"),
}

# Patterns in the output of uv, pip and the system, with their explanations. The first match is printed.
FULL = r"No space left on device|os error 28\b|Disk quota exceeded|os error 122\b|File too large|os error 27\b"
PROXY = (
    r"ProxyError|[Uu]nable to connect to proxy|[Pp]roxy (connect|auth)|tunnel(ing)? (error|failed|connection)|via proxy"
)
LOCKED = r"Permission denied|Read-only file system|os error (13|30)\b|Operation not permitted"
UNTRUSTED = r"CERTIFICATE_VERIFY_FAILED|UnknownIssuer|invalid peer certificate|certificate verify failed"
CHANGED = r"DO NOT MATCH THE HASHES|Hash mismatch"
UNREACHED = (
    r"NewConnectionError|Max retries exceeded|NameResolutionError|ConnectTimeout|ReadTimeout|IncompleteRead|"
    r"Connection (refused|reset|aborted)|Failed to (fetch|download)|error sending request|network connectivity|"
    r"dns error|RemoteDisconnected|ProtocolError|IncompleteMessage|timed out"
)
CAUSES = {
    FULL: "The disk is full. Make room: 1 GB for .venv, and as much for downloads in your home. Then try again.",
    LOCKED: "A file cannot be written: check the owner of {root}, its .venv and your home's cache. ({line})",
    PROXY: "The proxy {proxy} blocks the packages. Set the right one in HTTPS_PROXY, or unset it.",
    UNTRUSTED: "The package index has a certificate that is not trusted here. Set the file of the authority that "
    "signed it: `pip config set global.cert FILE`.",
    CHANGED: "A package is damaged, or is not the one in the lock file: its hash differs. Try again. If it happens "
    "again, something between you and the package index changes it.",
    UNREACHED: "The package index cannot be reached, or stopped answering. Check the network, then try again.",
}


class Trouble(Exception):
    """The installation failed. The message is one line that says why and what to do."""


def main() -> int:
    """Install the set named on the command line. After a failure print one line. Return the exit code."""
    _end_on_signals()
    try:
        ensure(_wanted())
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except OSError as error:
        print(explained(str(error)), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Run the same command to install again.", file=sys.stderr)
        return 130
    return 0


def ensure(wanted: str) -> None:
    """Install the wanted set into .venv, unless it is already there."""
    if is_installed(wanted):
        return
    _leave_virtual_environment()
    _check_folders()
    with _alone():
        if not is_installed(wanted):  # another installation may have done it meanwhile
            _bring(wanted)


def _bring(wanted: str) -> None:
    keep = is_sound()
    with _signs_of_life(f"Installing {SETS[wanted]} into .venv"), _unfinished():
        if not keep:
            make_venv()
        install(wanted)
        FAILED.unlink(missing_ok=True)
        STAMP.write_text(f"{identity(PYTHON)}\n{fingerprint(wanted)}\n")


def is_installed(wanted: str) -> bool:
    """Return whether .venv works and has the wanted set, or a larger one."""
    return is_sound() and _stamp()[1] in {fingerprint(name) for name in GOOD_FOR[wanted] if name == _held()}


def is_sound() -> bool:
    """Return whether .venv is complete, in this folder, with a working interpreter of the requested version."""
    is_named = bool(os.environ.get("PYTHON"))  # `make PYTHON=python3.13`; else .venv keeps its interpreter
    return (
        STAMP.exists()
        and _stamp()[0] == identity(PYTHON)
        and not (is_named and identity(PYTHON) != identity(Path(sys.executable)))
    )


def identity(python: Path) -> str:
    """Return a text that identifies an interpreter and .venv; empty if the interpreter does not work."""
    question = "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.abiflags)"
    try:
        answer = subprocess.run([python, "-ISc", question], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{answer.stdout.strip()} in {VENV}"


def fingerprint(name: str) -> str:
    return f"{name} {hashlib.sha256(_lock(name).read_bytes()).hexdigest()}"


def make_venv() -> None:
    """Create an empty .venv again, without pip: unpacking pip takes many seconds."""
    if find_spec("ensurepip") is None:
        version = "{}.{}".format(*sys.version_info)
        raise Trouble(f"This Python has no ensurepip. On Debian or Ubuntu: apt install python{version}-venv")
    run([sys.executable, "-m", "venv", "--clear", "--without-pip", VENV])


def install(wanted: str) -> None:
    """Install by uv; or by pip, if pip has its own settings or uv fails."""
    pip = first_pip()
    if is_pip_set_up() or not install_by_uv(pip, wanted):
        install_by_pip(pip, wanted)


def first_pip() -> list[str | Path]:
    """Return a pip that can install into .venv: .venv's, the interpreter's, or the one of ensurepip."""
    if (PYTHON.parent / "pip").exists():
        return [PYTHON, "-m", "pip"]
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", PYTHON]
    run([PYTHON, "-m", "ensurepip"])
    return [PYTHON, "-m", "pip"]


def is_pip_set_up() -> bool:
    """Return whether pip's settings have an index, a proxy, a certificate or constraints: uv does not read them."""
    names = {name[4:].lower().replace("_", "-") for name in os.environ if name.startswith("PIP_")}
    settings = configparser.RawConfigParser(strict=False)
    settings.read(_pip_files())
    names |= {name.replace("_", "-") for section in settings.sections() for name in settings[section]}
    return not names <= HARMLESS


def _pip_files() -> list[Path]:
    """Return pip's configuration files: of the system, the user, the interpreter, and the one in `PIP_CONFIG_FILE`."""
    named = os.environ.get("PIP_CONFIG_FILE", "")
    if named == os.devnull:
        return []
    home, mac = Path.home(), "Library/Application Support"
    shared = os.environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")
    own = os.environ.get("XDG_CONFIG_HOME", home / ".config")
    folders = [
        *(Path(place) / "pip" for place in (*shared, Path("/", mac), own, home / mac)),
        SHARED,
        home / ".pip",
    ]
    return [*(folder / "pip.conf" for folder in (*folders, Path(sys.prefix))), Path(named)]


def install_by_uv(pip: list[str | Path], wanted: str) -> bool:
    """Install by uv. Return False if there is no uv for this machine, or if pip may succeed where uv failed."""
    try:
        command = [find_uv(pip), "pip", "install", "--quiet", "--python", PYTHON]
        compiles = ("--compile-bytecode",) if NEVER_COMPILED_LATER else ()
        run([*command, *compiles, "--require-hashes", "--no-deps", "-r", _lock(wanted)])
    except FailedCommand as failed:
        if failed.cause and failed.cause != UNTRUSTED:  # pip would fail too, but may trust other certificates
            raise
        return False
    return True


def find_uv(pip: list[str | Path]) -> str | Path:
    """Return the system's uv, or install the pinned one into its own folder in .venv."""
    found, own = shutil.which("uv"), VENV / "uv" / "bin" / "uv"
    if not found and not own.exists():
        run([*pip, *BY_PIP, "--target", VENV / "uv", "-r", _lock("uv")])
    return found or own


# With this setting, modules would be compiled again in each process.
NEVER_COMPILED_LATER = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
# All versions are pinned, so no resolving is needed. Modules are compiled on first import: few are imported.
WHEN_IMPORTED = () if NEVER_COMPILED_LATER else ("--no-compile",)
BY_PIP = ("install", "--quiet", "--no-user", "--no-deps", *WHEN_IMPORTED, "--require-hashes")


def install_by_pip(pip: list[str | Path], wanted: str) -> None:
    """Install by pip, after a current pip: Python's bundled one takes twice as long."""
    run([*pip, *BY_PIP, "-r", _lock("pip")])
    run([PYTHON, "-m", "pip", *BY_PIP, "-r", _lock(wanted)])


class FailedCommand(Trouble):
    """A command that failed. `cause` is the matching pattern, or empty."""

    def __init__(self, output: str) -> None:
        super().__init__(explained(output))
        self.cause = next((cause for cause in CAUSES if re.search(cause, output)), "")


def run(command: list[str | Path] | tuple[str | Path, ...]) -> str:
    """Run a command and return its output. Stopping this process stops the command too."""
    child = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = child.communicate()
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise
    if child.returncode:
        raise FailedCommand(output)
    return output


def explained(output: str) -> str:
    """Return one line that explains a failed command's output to the user."""
    for cause, said in CAUSES.items():
        if re.search(cause, output):
            return said.format(root=ROOT, proxy=_proxy(), line=_last_line(output))
    return f"The installation failed: {_last_line(output)}{_kept(output)}"


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no reason was given"])[-1]


def _kept(output: str) -> str:
    """Save an output without a known explanation, and return where, as a message part."""
    try:
        FAILED.write_text(output)
    except OSError:
        return ""
    return f" (all of it: {FAILED})"


def _proxy() -> str:
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "PIP_PROXY")
    given = next((os.environ[name] for name in names if os.environ.get(name)), "of pip's configuration")
    return re.sub(r"//[^/@]*@", "//", given)  # keep a proxy's password out of the log


def _wanted() -> str:
    names = sys.argv[1:] or ["run"]
    if len(names) != 1 or names[0] not in SETS:
        raise Trouble("Usage: python3 install.py run|dev|bench")
    return names[0]


def _lock(name: str) -> Path:
    return ROOT / "locks" / f"{name}.txt"


def _held() -> str:
    return _stamp()[1].partition(" ")[0]


def _stamp() -> list[str]:
    return [*STAMP.read_text().splitlines(), "", ""]


def _leave_virtual_environment() -> None:
    """Continue with the base interpreter of an activated .venv, because .venv may have to be created again."""
    below = getattr(sys, "_base_executable", sys.executable)
    if sys.prefix != sys.base_prefix and below != sys.executable:
        os.execv(below, [below, *sys.argv])  # noqa: S606


def _check_folders() -> None:
    for folder in (ROOT, VENV):
        if folder.exists() and not os.access(folder, os.W_OK):
            raise Trouble(f"You cannot write to {folder}. Become its owner, or use your own copy of the lab.")


def _end_on_signals() -> None:
    """Treat the end of the terminal and SIGTERM like Ctrl-C."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Allow one installation at a time in this folder."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("Waiting for another installation in this folder ...", flush=True)
        fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(folder)


@contextlib.contextmanager
def _unfinished() -> Iterator[None]:
    """Remove the stamp while packages change. Restore it if no package changed: the old installation still works."""
    stamp, before = STAMP.read_text() if STAMP.exists() else "", _changed_at()
    STAMP.unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        if stamp and _changed_at() == before:
            STAMP.write_text(stamp)
        raise


def _changed_at() -> list[tuple[str, int]]:
    """Return when each package last changed. Both installers download all packages before they write here."""
    return sorted((str(package), package.stat().st_mtime_ns) for package in VENV.glob("lib/python*/site-packages/*"))


@contextlib.contextmanager
def _signs_of_life(doing: str) -> Iterator[None]:
    """Print what is being done, and every few seconds how long it has taken."""
    started, ended = time.monotonic(), threading.Event()
    print(doing, end=" ...", flush=True)
    watch = threading.Thread(target=_count, args=(started, ended), daemon=True)
    watch.start()
    try:
        yield
        print(f" done after {time.monotonic() - started:.0f} s.", flush=True)
    except BaseException:
        print(flush=True)
        raise
    finally:
        ended.set()


def _count(started: float, ended: threading.Event) -> None:
    while not ended.wait(SIGN_EVERY_S):
        print(f" {time.monotonic() - started:.0f} s ...", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())
