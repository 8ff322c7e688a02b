"""`python -m cluster …`: look at a running lab's processes, and break and mend them, from another terminal."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

import click

from lab.cluster.client import NoSupervisor, SlowSupervisor, State, send_command
from lab.cluster.discovery import control_file
from lab.cluster.refused_command import RefusedCommand
from service.config import load_config

FOLLOWS_WITHIN_S = 15.0
MIB = 1024 * 1024

# What a process is once the command is carried out.
SETTLED = ("running", "stopped", "killed", "hanging", "crashed")


@click.group(help=(__doc__ or "").partition(": ")[2])
def cluster() -> None:
    """Hold the commands."""


@cluster.command("state")
def show_state() -> None:
    """Every process: what it does, memory, CPU, requests served, and since when."""
    print_state(send("GET", "/state"))


@cluster.group("node")
def node_commands() -> None:
    """Stop, kill, start or add a node."""


@node_commands.command("add")
def add_node() -> None:
    """One more node behind the balancer."""
    carry_out("POST", "/nodes")


@node_commands.command("start")
@click.argument("name")
def start_node(name: str) -> None:
    """Start a node that was stopped or killed."""
    want_node(name, "running")


@node_commands.command("stop")
@click.argument("name")
def stop_node(name: str) -> None:
    """End a node in order: it answers what is in flight."""
    want_node(name, "stopped")


@node_commands.command("kill")
@click.argument("name")
def kill_node(name: str) -> None:
    """End a node at once, as a crash does; it stays down until it is started."""
    want_node(name, "killed")


@cluster.group("store")
def store_commands() -> None:
    """Stop, kill, hang, empty or fill the store, and set how far away it is."""


def store_state_command(name: str, state: str, text: str) -> None:
    """Add `store NAME`, which wants the store in `state`."""

    @store_commands.command(name, help=text)
    def command() -> None:
        carry_out("PUT", "/store", {"state": state})


store_state_command("start", "running", "Start it on what it held before.")
store_state_command("stop", "stopped", "End it in order.")
store_state_command("kill", "killed", "End it at once, as a crash does.")
store_state_command("hang", "hanging", "Let it answer nothing any more, with its connections open.")
store_state_command("resume", "running", "Let it go on after `hang`.")


@store_commands.command("restart")
def restart_store() -> None:
    """End it in order and start it again on what it held."""
    carry_out("POST", "/store/restart")


@store_commands.command("empty")
def empty_store() -> None:
    """Forget everything: sessions, denied logins, counted log-ins."""
    carry_out("POST", "/store/empty")


@store_commands.command("fill")
def fill_store() -> None:
    """Refuse every write, as if its memory were full."""
    carry_out("PUT", "/store/full", {"full": True})


@store_commands.command("free")
def free_store() -> None:
    """Take writes again after `fill`."""
    carry_out("PUT", "/store/full", {"full": False})


@store_commands.command("round-trip")
@click.argument("ms", type=float)
def set_round_trip(ms: float) -> None:
    """Let every reply take MS milliseconds more, from 0 to 50. At 0 nothing stands in the way."""
    carry_out("PUT", "/store/round-trip", {"ms": ms})


def want_node(name: str, state: str) -> None:
    """Bring a node into a state."""
    carry_out("PUT", f"/nodes/{quote(name, safe='')}", {"state": state})


def carry_out(method: str, path: str, body: dict[str, Any] | None = None) -> None:
    """Send a command, wait until every process has followed, and show the state."""
    state = send(method, path, body)
    deadline = monotonic() + FOLLOWS_WITHIN_S
    while not all(part["state"] in SETTLED for part in parts(state)):
        if monotonic() > deadline:
            raise click.ClickException(f"not within {FOLLOWS_WITHIN_S:.0f} s; `state` tells how far it is")
        sleep(0.1)
        state = send("GET", "/state")
    print_state(state)


def send(method: str, path: str, body: dict[str, Any] | None = None) -> State:
    """Send one command. Raise `ClickException`, which is one line."""
    try:
        socket = Path(control_file(load_config()).read_text())
        return send_command(socket, method, path, body)
    except SlowSupervisor:
        raise click.ClickException("the lab has not answered in time; `state` tells what became of it") from None
    except (OSError, NoSupervisor):
        raise click.ClickException("no lab runs here; `python app.py` starts one, INSTANCE_DIR tells where") from None
    except RefusedCommand as refused:
        raise click.ClickException(refused.detail) from None


def parts(state: State) -> list[dict[str, Any]]:
    """Return every process of a state."""
    balancer = [state["balancer"]] if state["balancer"] else []
    return [*balancer, *state["nodes"], state["store"]]


COLUMNS: dict[str, Callable[[dict[str, Any]], object]] = {
    "name": lambda part: part["name"],
    "state": lambda part: part["state"],
    "pid": lambda part: part["pid"] or "",
    "MiB": lambda part: part["rss_bytes"] // MIB if part["rss_bytes"] else "",
    "CPU %": lambda part: "" if part["cpu_percent"] is None else part["cpu_percent"],
    "requests": lambda part: "" if part.get("requests") is None else part["requests"],
    "restarts": lambda part: part.get("restarts", ""),
}


def print_state(state: State) -> None:
    """Print a table of the processes, and what is special about the store."""
    rows = [list(COLUMNS), *([str(cell(part)) for cell in COLUMNS.values()] for part in parts(state))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    store = state["store"]
    if store["round_trip_ms"]:
        click.echo(f"the store's replies take {store['round_trip_ms']:g} ms more")
    if store["full"]:
        click.echo("the store refuses every write")
