"""Install the Node.js packages with npm, from the lock file, if there is a Node.js."""

import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).parent / "node"
LOCK = FOLDER / "package-lock.json"
STAMP = FOLDER / "node_modules" / "installed"


def missing(say: Callable[[str], None]) -> str | None:
    """Install missing packages. Return why Express cannot be measured, or None."""
    if shutil.which("node") is None:
        return "there is no Node.js"
    if _is_installed():
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "there is no npm"
    say("installing Express and what stands on it, by npm ...")
    ran = subprocess.run([npm, "ci"], cwd=FOLDER, capture_output=True, text=True, check=False)
    if ran.returncode:
        return f"npm could not install: {(ran.stderr.strip() or 'it gave no reason').splitlines()[0]}"
    STAMP.write_text(_fingerprint())
    return None


def _is_installed() -> bool:
    return STAMP.exists() and STAMP.read_text() == _fingerprint()


def _fingerprint() -> str:
    return sha256(LOCK.read_bytes()).hexdigest()
