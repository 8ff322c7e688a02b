"""UNSAFE, DO NOT COPY: three small servers with one hole each, which missions let a visitor attack.

Each try at a mission has a server of its own below `/unsafe/<trial>`: its key, its passwords, its sessions and its
cookie exist nowhere else, and its people are invented. So what is taken there opens nothing else. It runs only in a
lab. The correct counterparts are `token_auth/claims.py`, `session_auth/credential.py` and `service/web/origin.py`.
"""

from lab.unsafe_server.adopted_session import ADOPTED_SESSION, notes_server
from lab.unsafe_server.changing_get import CHANGING_GET, coins_server
from lab.unsafe_server.routes import unsafe_server_blueprint
from lab.unsafe_server.unsigned_token import UNSIGNED_TOKEN, report_server

__all__ = [
    "ADOPTED_SESSION",
    "CHANGING_GET",
    "UNSIGNED_TOKEN",
    "coins_server",
    "notes_server",
    "report_server",
    "unsafe_server_blueprint",
]
