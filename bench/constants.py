"""Measure the planner's constants: `python -m bench.constants planner/constants.json`.

Every figure comes from the lab's code with its own store and database. Each function says how. Arms are interleaved,
and a figure is the median over rounds.
"""

import argparse
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.costs import measure_costs
from bench.scaling_results import machine
from bench.sizes import measure_sizes
from bench.store_capacity import measure_store
from bench.wire_bytes import measure_wire


def main() -> None:
    """Measure everything and write the file."""
    parser = argparse.ArgumentParser(prog="python -m bench.constants", description=__doc__)
    parser.add_argument("file", type=Path, help="where the constants go")
    parser.add_argument("--rounds", type=int, default=9, help="(default: %(default)s)")
    parser.add_argument("--members", type=int, default=5_000, help="logins that are weighed (default: %(default)s)")
    options = parser.parse_args()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    with tempfile.TemporaryDirectory() as folder:
        constants: dict[str, Any] = {
            **measure_costs(Path(folder) / "costs", options.rounds),
            **measure_store(options.rounds),
            **measure_wire(Path(folder) / "wire"),
            **measure_sizes(Path(folder) / "sizes", options.members),
        }
    command = f"python -m bench.constants {options.file}"
    measured = {"started": started, "command": command, "machine": machine()}
    options.file.write_text(json.dumps({"measured": measured, "constants": constants}, indent=1) + "\n")


if __name__ == "__main__":
    main()
