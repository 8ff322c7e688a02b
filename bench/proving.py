"""Check an arm's guard before it is measured: it must let the right member in and refuse a bad credential."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.arms.arm import Arm

REFUSALS = (401, 403, 422)  # 422: Flask-JWT-Extended's answer to an altered token
WHERE_IT_IS_ALTERED = -10  # in the middle of a signature or of an id


@dataclass(frozen=True)
class Answer:
    """An HTTP response, over a socket or in-process."""

    status: int
    headers: Iterable[tuple[str, str]]
    body: bytes


# Sends a request with method, path, headers and body.
Ask = Callable[[str, str, Mapping[str, str], bytes], Answer]


class Unproved(Exception):
    """An arm cannot be measured. The message is one line with its name."""


def prove(arm: Arm, ask: Ask) -> dict[str, str]:
    """Log in, check the guard, and return the headers with the credential. Raise `Unproved`."""
    carried = log_in(arm, ask) if arm.is_guarded else {}
    _let_in(arm, ask("GET", arm.page, carried, b""))
    if arm.is_guarded:
        _refused(arm, "an altered credential", ask("GET", arm.page, altered(carried), b""))
        _refused(arm, "no credential", ask("GET", arm.page, {}, b""))
    return carried


def log_in(arm: Arm, ask: Ask) -> dict[str, str]:
    """Return the headers with the credential: a cookie, or a bearer token. Raise `Unproved`."""
    answer = ask("POST", arm.log_in, *_credentials(arm))
    if answer.status != 200:
        raise Unproved(f"{arm.name}: the log-in answered {answer.status}: {answer.body[:200]!r}")
    cookies = [value.partition(";")[0] for name, value in answer.headers if name.lower() == "set-cookie"]
    if cookies:
        return {"Cookie": "; ".join(cookies)}
    said = json.loads(answer.body)
    return {"Authorization": f"Bearer {said.get('access_token') or said.get('access')}"}


def _credentials(arm: Arm) -> tuple[dict[str, str], bytes]:
    if arm.name.startswith("FastAPI"):  # OAuth 2 sends a form (RFC 6749 §4.3.2)
        return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(arm.credentials).encode()
    return {"Content-Type": "application/json"}, json.dumps(dict(arm.credentials)).encode()


def altered(carried: Mapping[str, str]) -> dict[str, str]:
    """Return the same headers with one character of the credential changed."""
    return {name: _altered(value) for name, value in carried.items()}


def _altered(value: str) -> str:
    place = len(value) + WHERE_IT_IS_ALTERED
    return f"{value[:place]}{'B' if value[place] == 'A' else 'A'}{value[place + 1 :]}"


def _let_in(arm: Arm, answer: Answer) -> None:
    if answer.status != 200 or json.loads(answer.body).get("member") != arm.member:
        raise Unproved(f"{arm.name}: the right member got {answer.status}: {answer.body[:200]!r}")


def _refused(arm: Arm, what: str, answer: Answer) -> None:
    if answer.status not in REFUSALS:
        raise Unproved(f"{arm.name}: {what} got {answer.status}, not a refusal")
