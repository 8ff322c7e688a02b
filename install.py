"""Install the lab into .venv, from the locks: `python3 install.py run` what runs it, `dev` all of it, `bench` peers.

A set that is there already is not installed again. Packages come by uv, which is fast; where pip has been told where
to look or whom to trust, they come by pip. Standard library only; Python 3.6 must be able to read this file.
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

NEEDED: str = "The lab needs Python 3.11 or newer"  # Python 2 stops here, and prints this line
if sys.version_info < (3, 11):  # noqa: UP036 - to say so is what this is for
    this = "{}.{}".format(*sys.version_info)
    sys.exit(f"{NEEDED}, and this is {this}. Name another one: `make PYTHON=python3.13 demo`, `python3.13 install.py`.")

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
SHARED = Path("/etc")  # where pip.conf is for everybody

# Settings of pip that change how it talks, not where it looks or whom it trusts.
HARMLESS = {
    *("config-file", "disable-pip-version-check", "root-user-action", "break-system-packages", "require-virtualenv"),
    *("cache-dir", "no-cache-dir", "timeout", "default-timeout", "retries"),
    *("quiet", "verbose", "progress-bar", "no-color", "no-input", "no-warn-script-location", "log"),
}

# What uv, pip and the system print, and what it means. The first that is found is said.
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
    LOCKED: "A file cannot be written: look who owns {root}, its .venv and your home's cache. ({line})",
    PROXY: "The proxy {proxy} does not let the packages through. Set the right one in HTTPS_PROXY, or none.",
    UNTRUSTED: "The package index shows a certificate that is not trusted here. Name the file of the authority that "
    "signed it: `pip config set global.cert FILE`.",
    CHANGED: "A package came damaged, or is not the one in the lock: its hash differs. Try again. If it stays so, "
    "something between you and the package index changes it.",
    UNREACHED: "The package index cannot be reached, or stopped answering. Look at the network, then try again.",
}


class Trouble(Exception):
    """What stopped the installation, in one line, with what to do."""


def main() -> int:
    """Install the set that the command line names; on trouble print one line and return what to exit with."""
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
        print("Stopped. The same command installs from the start.", file=sys.stderr)
        return 130
    return 0


def ensure(wanted: str) -> None:
    """Bring .venv to the wanted set, unless it holds it already."""
    if is_installed(wanted):
        return
    _leave_virtual_environment()
    _check_folders()
    with _alone():
        if not is_installed(wanted):  # another installation may have brought it meanwhile
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
    """Tell whether .venv works, and holds the wanted set or one that includes it."""
    return is_sound() and _stamp()[1] in {fingerprint(name) for name in GOOD_FOR[wanted] if name == _held()}


def is_sound() -> bool:
    """Tell whether .venv was finished, in this place, with an interpreter that answers and is the one asked for."""
    is_named = bool(os.environ.get("PYTHON"))  # `make PYTHON=python3.13`; else .venv keeps the interpreter that it has
    return (
        STAMP.exists()
        and _stamp()[0] == identity(PYTHON)
        and not (is_named and identity(PYTHON) != identity(Path(sys.executable)))
    )


def identity(python: Path) -> str:
    """Ask an interpreter which one it is, for which .venv; empty if it does not answer."""
    question = "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.abiflags)"
    try:
        answer = subprocess.run([python, "-ISc", question], check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{answer.stdout.strip()} in {VENV}"


def fingerprint(name: str) -> str:
    return f"{name} {hashlib.sha256(_lock(name).read_bytes()).hexdigest()}"


def make_venv() -> None:
    """Make .venv anew, empty; without pip, which its own installer would unpack for many seconds."""
    if find_spec("ensurepip") is None:
        version = "{}.{}".format(*sys.version_info)
        raise Trouble(f"This Python has no ensurepip. On Debian or Ubuntu: apt install python{version}-venv")
    run([sys.executable, "-m", "venv", "--clear", "--without-pip", VENV])


def install(wanted: str) -> None:
    """Install by uv, or by pip where pip is set up in its own way or where uv cannot."""
    pip = first_pip()
    if is_pip_set_up() or not install_by_uv(pip, wanted):
        install_by_pip(pip, wanted)


def first_pip() -> list[str | Path]:
    """Return a pip that installs into .venv: .venv's, the interpreter's, or the one that came with Python."""
    if (PYTHON.parent / "pip").exists():
        return [PYTHON, "-m", "pip"]
    if find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", PYTHON]
    run([PYTHON, "-m", "ensurepip"])
    return [PYTHON, "-m", "pip"]


def is_pip_set_up() -> bool:
    """Tell whether pip is told of an index, a proxy, a certificate, constraints: uv would not know of them."""
    names = {name[4:].lower().replace("_", "-") for name in os.environ if name.startswith("PIP_")}
    settings = configparser.RawConfigParser(strict=False)
    settings.read(_pip_files())
    names |= {name.replace("_", "-") for section in settings.sections() for name in settings[section]}
    return not names <= HARMLESS


def _pip_files() -> list[Path]:
    """Return where pip looks for its configuration: for everybody, for this user, for this interpreter, and by name."""
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
    """Return False if there is no uv for this machine, or if it fails where pip may not."""
    try:
        command = [find_uv(pip), "pip", "install", "--quiet", "--python", PYTHON]
        compiles = ("--compile-bytecode",) if NEVER_COMPILED_LATER else ()
        run([*command, *compiles, "--require-hashes", "--no-deps", "-r", _lock(wanted)])
    except FailedCommand as failed:
        if failed.cause and failed.cause != UNTRUSTED:  # pip would meet it too; but it may trust what uv does not
            raise
        return False
    return True


def find_uv(pip: list[str | Path]) -> str | Path:
    """Return the system's uv; else bring the pinned one, into a folder of its own beside what was asked for."""
    found, own = shutil.which("uv"), VENV / "uv" / "bin" / "uv"
    if not found and not own.exists():
        run([*pip, *BY_PIP, "--target", VENV / "uv", "-r", _lock("uv")])
    return found or own


# Where this is set, modules would be compiled in each process again.
NEVER_COMPILED_LATER = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
# Everything is pinned, so there is nothing to resolve. Modules are compiled when they are first imported: few are.
WHEN_IMPORTED = () if NEVER_COMPILED_LATER else ("--no-compile",)
BY_PIP = ("install", "--quiet", "--no-user", "--no-deps", *WHEN_IMPORTED, "--require-hashes")


def install_by_pip(pip: list[str | Path], wanted: str) -> None:
    """Bring a current pip first: the one that came with Python takes twice as long over the rest."""
    run([*pip, *BY_PIP, "-r", _lock("pip")])
    run([PYTHON, "-m", "pip", *BY_PIP, "-r", _lock(wanted)])


class FailedCommand(Trouble):
    """A command that did not end well; `cause` is the one that is known here, or empty."""

    def __init__(self, output: str) -> None:
        super().__init__(explained(output))
        self.cause = next((cause for cause in CAUSES if re.search(cause, output)), "")


def run(command: list[str | Path] | tuple[str | Path, ...]) -> str:
    """Run a command to its end and return what it printed; stopping this process stops the command too."""
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
    """Return in one line what an output means for the person who started the installation."""
    for cause, said in CAUSES.items():
        if re.search(cause, output):
            return said.format(root=ROOT, proxy=_proxy(), line=_last_line(output))
    return f"The installation failed: {_last_line(output)}{_kept(output)}"


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no reason was given"])[-1]


def _kept(output: str) -> str:
    """Keep an output that has no line of its own here, and tell where."""
    try:
        FAILED.write_text(output)
    except OSError:
        return ""
    return f" (all of it: {FAILED})"


def _proxy() -> str:
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "PIP_PROXY")
    given = next((os.environ[name] for name in names if os.environ.get(name)), "of pip's configuration")
    return re.sub(r"//[^/@]*@", "//", given)  # a proxy's password is not for a log


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
    """Go on with the interpreter below an activated .venv, for .venv may have to be made anew."""
    below = getattr(sys, "_base_executable", sys.executable)
    if sys.prefix != sys.base_prefix and below != sys.executable:
        os.execv(below, [below, *sys.argv])  # noqa: S606


def _check_folders() -> None:
    for folder in (ROOT, VENV):
        if folder.exists() and not os.access(folder, os.W_OK):
            raise Trouble(
                f"{folder} cannot be written by you. Become its owner, or take a copy of the lab of your own."
            )


def _end_on_signals() -> None:
    """End as on Ctrl-C when the terminal is closed or the process is told to end."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Let one installation at a time into this folder."""
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
    """Take the stamp away while packages change. Give it back if none did: then what was there still starts."""
    stamp, before = STAMP.read_text() if STAMP.exists() else "", _changed_at()
    STAMP.unlink(missing_ok=True)
    try:
        yield
    except BaseException:
        if stamp and _changed_at() == before:
            STAMP.write_text(stamp)
        raise


def _changed_at() -> list[tuple[str, int]]:
    """When each package last changed: both installers download everything before they write here."""
    return sorted((str(package), package.stat().st_mtime_ns) for package in VENV.glob("lib/python*/site-packages/*"))


@contextlib.contextmanager
def _signs_of_life(doing: str) -> Iterator[None]:
    """Say what is being done, then how long it has taken, every few seconds."""
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
