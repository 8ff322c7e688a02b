"""What the members of a load test make of an answer, and of none: real sockets, each broken in its own way."""

import json
import socket
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest

from tests.support.ports import free_port

pytestmark = pytest.mark.own_processes

ROOT = Path(__file__).parents[2]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"
# In a process of its own: Locust replaces Python's blocking calls.
ASK = """
import json, sys
from locust.env import Environment
from loadtests.locustfile import OpenUser

said = []
environment = Environment(user_classes=[], catch_exceptions=False)
environment.create_local_runner()
environment.events.request.add_listener(lambda exception, **_: said.append([exception.kind, str(exception)]))
for url, patience_s in json.loads(sys.argv[1]):
    kind = type("Asks", (OpenUser,), {"host": url, "network_timeout": patience_s})
    member = kind(environment)
    member.client.client.cookiejar, member.cookies, member.username = None, {}, "load-0001"
    assert member.ask("GET", "/profile", member._is_my_profile) is None
print(json.dumps(said))
"""
Answer = Callable[[socket.socket], object]


def reset(client: socket.socket) -> None:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(client: socket.socket) -> None:
    while client.recv(1000):  # until the client has had enough
        pass


def sends(content: bytes) -> Answer:
    return lambda client: client.sendall(content)


@contextmanager
def server(answer: Answer) -> Iterator[str]:
    """Give the address of a server that reads each request and then does this, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    client, _ = door.accept()
                except OSError:
                    return
                with client:
                    client.recv(10_000)
                    answer(client)

        Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        door.shutdown(socket.SHUT_RDWR)


CUT = "connection closed before the answer"
CUT_INSIDE = "connection closed in the middle of the answer"
NOT_THE_PAGE = ["other", "200, and not the expected answer of this page"]
ANSWERS: list[tuple[str, Answer, list[str]]] = [
    ("reset", reset, ["connection_cut", CUT]),
    ("closed", lambda _client: None, ["connection_cut", CUT]),
    ("cut in the head", sends(HEAD[:20]), ["connection_cut", CUT_INSIDE]),
    ("cut in the body", sends(HEAD + b'{"member"'), ["connection_cut", CUT_INSIDE]),
    ("no HTTP", sends(b"SSH-2.0-OpenSSH\r\n" * 9), ["unanswered", "no answer: HTTPParseError"]),
    ("hangs", hang, ["timed_out", "no answer in time"]),
    ("no JSON", sends(HEAD + b"<html>" + b" " * 34), NOT_THE_PAGE),
    ("another JSON", sends(HEAD + b'{"member": []' + b" " * 26 + b"}"), NOT_THE_PAGE),
    ("empty", sends(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), NOT_THE_PAGE),
    ("404", sends(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), ["other", "404"]),
    ("503, cut", sends(b"HTTP/1.1 503 Down\r\nContent-Length: 40\r\n\r\n{"), ["connection_cut", CUT_INSIDE]),
]


def test_each_way_to_leave_a_request_without_its_page_has_a_name_of_its_own() -> None:
    """Refused, reset and timed out were all "0"; an answer that was cut or no JSON ended the member."""
    with ExitStack() as servers:
        asked = [(servers.enter_context(server(answer)), 0.5 if answer is hang else 60) for _, answer, _ in ANSWERS]
        asked += [(f"http://127.0.0.1:{free_port()}", 60), ("http://no-such-host.invalid", 60)]
        command = [sys.executable, "-c", ASK, json.dumps(asked)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    *answered, refused, unknown = json.loads(done.stdout)
    found = {
        name: [kind, text[: len(text_expected)]]
        for (name, _, [_, text_expected]), [kind, text] in zip(ANSWERS, answered, strict=True)
    }
    assert found == {name: expected for name, _, expected in ANSWERS}
    assert refused == ["connection_refused", "connection refused"]
    assert unknown[0] == "unanswered"
    assert "gaierror" in unknown[1]


ROSTER = """
import json
from loadtests.locustfile import MEMBERS, Roster

roster = Roster()
everybody = [roster.take() for _ in range(MEMBERS)]
shared = roster.take()
for number in everybody[:3]:
    roster.give_back(number)
print(json.dumps([everybody, shared, [roster.take() for _ in range(2)]]))
"""


def test_no_two_users_are_one_member_until_there_are_more_users_than_members() -> None:
    done = subprocess.run([sys.executable, "-c", ROSTER], cwd=ROOT, capture_output=True, text=True, check=True)
    everybody, shared, free_again = json.loads(done.stdout)
    assert sorted(everybody) == list(range(1, 1001))
    assert shared == everybody[0]
    assert free_again == everybody[1:3]
    assert "more users than the lab has members (1000)" in done.stderr
