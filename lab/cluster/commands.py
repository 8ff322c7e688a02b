"""`python -m cluster …`: show a running lab's processes, and break and repair them, from another terminal."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

import click

from lab.cluster.client import NoSupervisor, SlowSupervisor, State, send_command
from lab.cluster.discovery import control_file
from lab.cluster.node import THREADS
from lab.cluster.refused_command import RefusedCommand
from service.config import load_config
from service.terminal import N_, _, columns, left

FOLLOWS_WITHIN_S = 15.0
MIB = 1024 * 1024

# The states of a process after a command has taken effect.
SETTLED = ("running", "stopped", "killed", "hanging", "crashed")


@click.group(help=_("Show a running lab’s processes, and break and repair them, from another terminal."))
def cluster() -> None:
    """`python -m cluster`."""


@cluster.command("state", help=_("Show every process: state, memory, CPU, requests served, and start time."))
def show_state() -> None:
    """Show every process: state, memory, CPU, requests served, and start time."""
    print_state(send("GET", "/state"))


@cluster.group("node", help=_("Stop, kill, start, add or scale up a node."))
def node_commands() -> None:
    """Stop, kill, start, add or scale up a node."""


@node_commands.command("add", help=_("Add a node behind the balancer."))
def add_node() -> None:
    """Add a node behind the balancer."""
    carry_out("POST", "/nodes")


@node_commands.command("start", help=_("Start a node that was stopped or killed."))
@click.argument("name")
def start_node(name: str) -> None:
    """Start a node that was stopped or killed."""
    want_node(name, "running")


@node_commands.command("stop", help=_("End a node gracefully: it answers the requests in flight."))
@click.argument("name")
def stop_node(name: str) -> None:
    """End a node gracefully: it answers the requests in flight."""
    want_node(name, "stopped")


@node_commands.command("kill", help=_("End a node at once, as a crash does. It stays down until it is started."))
@click.argument("name")
def kill_node(name: str) -> None:
    """End a node at once, as a crash does. It stays down until it is started."""
    want_node(name, "killed")


@node_commands.command(
    "threads", help=_("Scale a node up or down: restart it with this number of threads. Logins in its memory are lost.")
)
@click.argument("name")
@click.argument("threads", type=click.Choice([str(number) for number in THREADS]))
def set_threads(name: str, threads: str) -> None:
    """Scale a node up or down: restart it with this number of threads. Logins in its memory are lost."""
    carry_out("PUT", f"{_node_path(name)}/threads", {"threads": int(threads)})


@cluster.group("store", help=_("Stop, kill, hang, empty or fill the store, and set its round trip time."))
def store_commands() -> None:
    """Stop, kill, hang, empty or fill the store, and set its round trip time."""


def store_state_command(name: str, state: str, text: str) -> None:
    """Add the command `store NAME`, which brings the store into `state`."""

    @store_commands.command(name, help=text)
    def command() -> None:
        carry_out("PUT", "/store", {"state": state})


store_state_command("start", "running", _("Start it with its previous data."))
store_state_command("stop", "stopped", _("End it gracefully."))
store_state_command("kill", "killed", _("End it at once, as a crash does."))
store_state_command("hang", "hanging", _("Suspend it: its connections stay open, but it does not answer."))
store_state_command("resume", "running", _("Let it continue after `hang`."))


@store_commands.command("restart", help=_("End it gracefully and start it again with its data."))
def restart_store() -> None:
    """End it gracefully and start it again with its data."""
    carry_out("POST", "/store/restart")


@store_commands.command("empty", help=_("Delete everything: sessions, denied logins, counted log-ins."))
def empty_store() -> None:
    """Delete everything: sessions, denied logins, counted log-ins."""
    carry_out("POST", "/store/empty")


@store_commands.command("fill", help=_("Refuse every write, as if its memory were full."))
def fill_store() -> None:
    """Refuse every write, as if its memory were full."""
    carry_out("PUT", "/store/full", {"full": True})


@store_commands.command("free", help=_("Accept writes again after `fill`."))
def free_store() -> None:
    """Accept writes again after `fill`."""
    carry_out("PUT", "/store/full", {"full": False})


@store_commands.command(
    "round-trip", help=_("Delay every reply by MS milliseconds, from 0 to 50. At 0 nodes connect directly.")
)
@click.argument("ms", type=float)
def set_round_trip(ms: float) -> None:
    """Delay every reply by MS milliseconds, from 0 to 50. At 0 nodes connect directly."""
    carry_out("PUT", "/store/round-trip", {"ms": ms})


def want_node(name: str, state: str) -> None:
    """Bring a node into a state."""
    carry_out("PUT", _node_path(name), {"state": state})


def _node_path(name: str) -> str:
    return f"/nodes/{quote(name, safe='')}"


def carry_out(method: str, path: str, body: dict[str, Any] | None = None) -> None:
    """Send a command, wait until it has taken effect, and show the state."""
    state = send(method, path, body)
    deadline = monotonic() + FOLLOWS_WITHIN_S
    while not all(part["state"] in SETTLED for part in parts(state)):
        if monotonic() > deadline:
            raise click.ClickException(
                _("not finished within %(seconds)s s; `state` shows the progress", seconds=f"{FOLLOWS_WITHIN_S:.0f}")
            )
        sleep(0.1)
        state = send("GET", "/state")
    print_state(state)


def send(method: str, path: str, body: dict[str, Any] | None = None) -> State:
    """Send one command. Raise `ClickException` with a message of one line."""
    try:
        socket = Path(control_file(load_config()).read_text())
        return send_command(socket, method, path, body)
    except SlowSupervisor:
        raise click.ClickException(_("the lab has not answered in time; `state` shows the result")) from None
    except (OSError, NoSupervisor):
        raise click.ClickException(_("no lab runs here; start one with `python app.py`, or set INSTANCE_DIR")) from None
    except RefusedCommand as refused:
        raise click.ClickException(_(refused.text, **refused.values)) from None


def parts(state: State) -> list[dict[str, Any]]:
    """Return every process of a state."""
    balancer = [state["balancer"]] if state["balancer"] else []
    return [*balancer, *state["nodes"], state["store"]]


# The states as people read them. Programs read them in /lab/state.
STATES = {
    "starting": N_("starting"),
    "running": N_("running"),
    "stopping": N_("stopping"),
    "stopped": N_("stopped"),
    "killed": N_("killed"),
    "hanging": N_("hanging"),
    "crashed": N_("crashed"),
}
COLUMNS: dict[str, Callable[[dict[str, Any]], object]] = {
    N_("name"): lambda part: part["name"],
    N_("state"): lambda part: _(STATES[part["state"]]),
    "pid": lambda part: part["pid"] or "",
    "MiB": lambda part: part["rss_bytes"] // MIB if part["rss_bytes"] else "",
    "CPU %": lambda part: "" if part["cpu_percent"] is None else part["cpu_percent"],
    N_("node threads"): lambda part: part.get("threads", ""),
    N_("requests"): lambda part: "" if part.get("requests") is None else part["requests"],
    N_("restarts"): lambda part: part.get("restarts", ""),
}


def print_state(state: State) -> None:
    """Print a table of the processes, and any special state of the store."""
    rows = [[*map(_, COLUMNS)], *([str(cell(part)) for cell in COLUMNS.values()] for part in parts(state))]
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("  ".join(map(left, row, widths)).rstrip())
    store = state["store"]
    if store["round_trip_ms"]:
        click.echo(_("the store's replies take %(ms)s ms more", ms=f"{store['round_trip_ms']:g}"))
    if store["full"]:
        click.echo(_("the store refuses every write"))
