"""UNSAFE, DO NOT COPY: a server that adopts a session id from a link and keeps it at the log-in (session fixation)."""

import re
from secrets import token_hex
from urllib.parse import parse_qs, urlsplit

from lab.trials import Kept

ADOPTED_SESSION = "bobs-tools"
SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
MOST_SESSIONS = 20  # of one try; a further one ends the oldest
BOBS_PASSWORD = "builder"  # noqa: S105  # it opens bob's notes on this server only


def notes_server() -> Kept:
    """Return what a new server keeps: passwords, notes, and who is logged in under which session id."""
    return {
        "passwords": {"alice": token_hex(16), "bob": BOBS_PASSWORD},
        "notes": {"alice": f"alice-{token_hex(8)}", "bob": f"bob-{token_hex(8)}"},
        "sessions": {},
    }


def adopted(asked: str | None) -> str:
    """Return the session id to use. THE HOLE: one that the client brings is as good as one of the server's."""
    return asked if asked is not None and SESSION_ID.fullmatch(asked) else token_hex(16)


def log_in(kept: Kept, session_id: str, username: str, password: str) -> bool:
    """Return whether the password is right. THE SECOND HOLE: the session keeps the id that it had before the log-in."""
    if kept["passwords"].get(username) != password:
        return False
    sessions = kept["sessions"]
    sessions.pop(session_id, None)
    sessions[session_id] = username
    for oldest in list(sessions)[:-MOST_SESSIONS]:
        del sessions[oldest]
    return True


def alice_opens(kept: Kept, link: str, login_path: str) -> bool:
    """Do what alice does with a link: open it if it is this server's log-in page, and log in there.

    The request is not sent: no link makes the lab request anything.
    """
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    if parts.path != login_path:
        return False
    sent = parse_qs(parts.query).get("sid", [None])
    return log_in(kept, adopted(sent[0]), "alice", kept["passwords"]["alice"])


def notes_of(kept: Kept, session_id: str | None) -> tuple[str, str] | None:
    """Return who is logged in under this id, and that person's note; None if there is no such session."""
    username = kept["sessions"].get(session_id)
    return None if username is None else (username, kept["notes"][username])
