"""`/keys`: show and change the lab's own key ring. `/lab/keys`: its public data and its controls."""

import logging
from collections.abc import Callable
from typing import get_args

from flask import Blueprint, Response, jsonify, make_response, render_template
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from lab.controls import Guard
from lab.errors import KeyStaysRevoked, KeyStillNeeded, NoSuchKey
from service.config import Algorithm, Config
from service.errors import KeyRingUnusable
from service.web.fields import read_fields
from token_auth import KeyRing
from token_auth.errors import BadKeyRing, KeyInUse, UnknownKey
from token_auth.keys import Key, Ring, moment

log = logging.getLogger(__name__)

ALGORITHMS = get_args(Algorithm)


def keys_blueprint(config: Config, key_ring: KeyRing) -> Blueprint:
    """Return the page, and its controls of `key_ring`. They are below `/lab`, the path of the instructor's cookie."""
    guard = Guard.of(config)
    keys = Blueprint("keys", __name__)
    keys.before_request(guard)
    moves = {"retired": key_ring.retire, "revoked": key_ring.revoke}

    @keys.get("/keys")
    def page() -> Response:
        """Show the page. Its script fetches the ring."""
        may = {"may_press": guard.may_press(), "takes_code": bool(guard.code)}
        return make_response(
            render_template("keys.html", algorithms=ALGORITHMS, configured=config.jwt_algorithm, **may)
        )

    @keys.get("/lab/keys")
    def ring() -> Response:
        """Return the ring as this node has it now."""
        return jsonify(_shown(key_ring.current()))

    @keys.post("/lab/keys")
    def rotate() -> Response:
        """Sign with a new key of the requested algorithm."""
        guard.admit()
        algorithm = _algorithm(read_fields().get("algorithm"))
        return make_response(jsonify(_shown(_changed(lambda: key_ring.rotate(algorithm)))), 201)

    @keys.put("/lab/keys/<kid>")
    def want_key(kid: str) -> Response:
        """Bring a key into a state: retired, or revoked for good."""
        guard.admit()
        state = read_fields().get("state")
        if not isinstance(state, str) or state not in moves:
            raise BadRequest(gettext("%(name)s must be one of %(choices)s.", name="state", choices=", ".join(moves)))
        return jsonify(_shown(_with(_changed(lambda: moves[state](kid)), kid, state)))

    @keys.delete("/lab/keys/<kid>")
    def delete(kid: str) -> Response:
        """Delete a revoked key, or one whose tokens have all expired."""
        guard.admit()
        return jsonify(_shown(_changed(lambda: key_ring.delete(kid))))

    return keys


def _shown(ring: Ring) -> dict[str, list[dict[str, str | None]]]:
    """Return the public data of each key, the oldest first, without key material."""
    return {
        "keys": [
            {
                "kid": key.kid,
                "alg": key.alg,
                "state": key.state,
                "created_at": key.created_at,
                "signed_until": key.signed_until,
                "revoked_at": key.revoked_at,
                "needed_until": _needed_until(key),
            }
            for key in ring.keys
        ]
    }


def _needed_until(key: Key) -> str | None:
    """Return when the key is dropped from the ring, at the latest. None: it signs."""
    return None if key.state == "active" else moment(key.needed_until_s)


def _changed(change: Callable[[], Ring]) -> Ring:
    try:
        return change()
    except UnknownKey as unknown:
        raise NoSuchKey(gettext("There is no key %(kid)s in the key ring.", kid=str(unknown)[:20])) from None
    except KeyInUse:
        raise KeyStillNeeded(gettext("Revoke the key first, or wait: it is deleted after its last token.")) from None
    except BadKeyRing as error:
        log.error("the key ring was not changed: %s", error.message)
        raise KeyRingUnusable(
            gettext("Nothing was changed; the last good key ring stays in use. See the lab’s terminal for details.")
        ) from None


def _with(ring: Ring, kid: str, state: str) -> Ring:
    """Return the ring if the key now has that state. Raise `KeyStaysRevoked`: a revoked key never changes."""
    key = ring.find(kid)
    if key is None or key.state != state:
        raise KeyStaysRevoked(gettext("%(kid)s was revoked for good: a thief may still have it.", kid=kid))
    return ring


def _algorithm(asked: object) -> Algorithm | None:
    if asked is None:
        return None
    for algorithm in ALGORITHMS:
        if asked == algorithm:
            return algorithm  # type: ignore[no-any-return]
    raise BadRequest(gettext("%(name)s must be one of %(choices)s.", name="algorithm", choices=", ".join(ALGORITHMS)))
