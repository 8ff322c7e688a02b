"""Count the bytes of a request and its answer at a client's socket of a running lab."""

import json
import socket
from pathlib import Path
from typing import Any

from bench.scaling_lab import running_lab
from loadtests.approaches import described_at

NODES = 2


def measure_wire(folder: Path) -> dict[str, Any]:
    """Return the bytes in both directions, with only the necessary headers: profile, log-in and refresh."""
    folder.mkdir()
    with running_lab(folder, NODES) as lab:
        port = lab.ports["round_robin"]
        request_bytes, login_bytes, refresh_bytes = {}, {}, {}
        for approach in [facts.name for facts in described_at(f"http://127.0.0.1:{port}")]:
            login_bytes[approach], credential, refresh_token = _log_in(port, approach)
            request_bytes[approach] = _profile_bytes(port, approach, credential)
            if refresh_token:
                body = json.dumps({"refresh_token": refresh_token})
                refresh_bytes[approach] = _exchange(port, "POST", f"/{approach}/refresh", "", body)[0]
        return {
            "request_wire_bytes": request_bytes,
            "login_wire_bytes": login_bytes,
            "refresh_wire_bytes": refresh_bytes,
        }


def _log_in(port: int, approach: str) -> tuple[int, str, str]:
    """Return the bytes of a log-in, the header line with the credential, and the refresh token."""
    body = json.dumps({"username": "alice", "password": "wonderland"})
    total, head, said = _exchange(port, "POST", f"/{approach}/login", "", body)
    tokens = json.loads(said)
    if "access_token" in tokens:
        return total, f"Authorization: Bearer {tokens['access_token']}\r\n", tokens.get("refresh_token", "")
    cookie = next((line for line in head.split("\r\n") if line.lower().startswith("set-cookie: sot_sid=")), "")
    return total, (f"Cookie: {cookie.partition(': ')[2].partition(';')[0]}\r\n" if cookie else ""), ""


def _profile_bytes(port: int, approach: str, credential: str) -> int:
    """Return the bytes of an accepted request: half of the nodes refuse a login that is in a node's memory."""
    for _ in range(NODES):
        total, head, said = _exchange(port, "GET", f"/{approach}/profile", credential)
        if json.loads(said).get("member"):
            return total
    raise SystemExit(f"/{approach}/profile answered {head}")


def _exchange(port: int, method: str, path: str, credential: str, body: str = "") -> tuple[int, str, str]:
    """Send one request on a new connection. Return the bytes in both directions, the answer's head, and its body."""
    about = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    request = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n{credential}{about}\r\n{body}"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request.encode())
        answer = b""
        while not _is_whole(answer):
            answer += connection.recv(65536)
    head, _, said = answer.decode().partition("\r\n\r\n")
    return len(request) + len(answer), head, said


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    lengths = [line.partition(b":")[2] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(lengths) and len(body) >= int(lengths[0])
