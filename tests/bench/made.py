"""A run as it could have been measured, small enough to be reckoned by hand."""

from typing import Any

US = {
    "bare Flask": [100.0, 100.0],
    "/open": [140.0, 160.0],
    "Flask-Session": [500.0, 500.0],
    "/session": [300.0, 200.0],
}


def window(arm: str, number: int, rps: float, server: str = "Granian", **others: Any) -> dict[str, Any]:
    usual = {"connections": 16, "requests": 100, "failures": 0, "p50_us": 1000.0, "p99_us": 2000.0, "store_cpu_us": 5.0}
    shares = {"node_share": 1.0, "client_share": 0.2, "store_share": 0.1}
    figures = {"arm": arm, "server": server, "round": number, "rps": rps, "node_cpu_us": 1e6 / rps}
    return {**usual, **shares, **figures, **others}


def results(**others: Any) -> dict[str, Any]:
    http = [window("/session", 0, 900.0), window("/session", 1, 1100.0), window("Flask-Session", 0, 600.0)]
    return {
        "in_process": {"requests": 50, "us": US, "cpu_us": US},
        "http": [*http, window("Flask-Session", 1, 500.0)],
        "left_out": [],
        **others,
    }
