"""UNSAFE, DO NOT COPY: `/sacrifice`, a visitor's own key ring, its secrets, and two pages that its tokens open."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, jsonify, request
from flask_babel import gettext
from werkzeug.exceptions import BadRequest

from lab.controls import Guard
from lab.errors import KeyStillNeeded, NoSuchKey
from lab.sacrificial_ring.rings import ALGORITHM, MOST_KEYS, RING_TABLES, Rings
from lab.sacrificial_ring.tokens import Claims, admit, issue, issuer_of
from service.accounts.database import Database
from service.config import DAY_S, Config
from service.errors import NoCredentials, RoleTooLow
from service.web.fields import read_fields, seconds_field, text_field
from token_auth.errors import KeyInUse, UnknownKey
from token_auth.guard import bearer_token
from token_auth.keys import Key, Ring

INVENTED = ("gretel", "hansel", "rapunzel")  # the only data that a forged token opens
MOVES = ("retired", "revoked")


def sacrificial_ring_blueprint(config: Config, database: Database, now: Callable[[], float]) -> Blueprint:
    """Return the routes. It creates its own table."""
    database.create_tables(RING_TABLES)
    rings = Rings(database, now)
    sacrifice = Blueprint("sacrificial_ring", __name__, url_prefix="/sacrifice")
    sacrifice.before_request(Guard.of(config))
    sacrifice.before_request(_expect_bearer)

    @sacrifice.post("")
    def create() -> tuple[Response, int]:
        """Make a ring with one key."""
        ring_id, ring = rings.create(seconds_field(read_fields(), "tokens_live_s", DAY_S))
        return jsonify(_view(ring_id, ring)), 201

    @sacrifice.get("/<ring_id>")
    def show(ring_id: str) -> Response:
        """Return the keys of a ring, without their secrets."""
        return jsonify(_view(ring_id, rings.find(ring_id)))

    @sacrifice.post("/<ring_id>/keys")
    def add_key(ring_id: str) -> tuple[Response, int]:
        """Add a key that signs from now on."""
        return jsonify(_view(ring_id, changed(ring_id, _with_new_key))), 201

    @sacrifice.put("/<ring_id>/keys/<kid>")
    def want_key(ring_id: str, kid: str) -> Response:
        """Retire or revoke a key."""
        state = read_fields().get("state")
        if state not in MOVES:
            raise BadRequest(gettext("%(name)s must be one of %(choices)s.", name="state", choices=", ".join(MOVES)))
        return jsonify(_view(ring_id, changed(ring_id, lambda ring, at: ring.with_state(kid, state, at))))

    @sacrifice.delete("/<ring_id>/keys/<kid>")
    def delete_key(ring_id: str, kid: str) -> Response:
        """Delete a key whose tokens are all invalid."""
        return jsonify(_view(ring_id, changed(ring_id, lambda ring, at: ring.without(kid, at))))

    @sacrifice.post("/<ring_id>/keys/<kid>/leak")
    def leak(ring_id: str, kid: str) -> Response:
        """Return the secret of a key. THE HOLE, on purpose: no real server has such a route."""
        key = rings.find(ring_id).find(kid)
        if key is None:
            raise _no_such_key(kid)
        return jsonify(kid=kid, k=key.jwk["k"])

    @sacrifice.post("/<ring_id>/tokens")
    def sign_in(ring_id: str) -> tuple[Response, int]:
        """Issue a token of any user, who needs no password: there is nothing to protect."""
        username = text_field(read_fields(), "username", 64)
        return jsonify(token=issue(rings.find(ring_id), issuer_of(ring_id), username, now())), 201

    @sacrifice.get("/<ring_id>/profile")
    def profile(ring_id: str) -> Response:
        """Show who the token says that its bearer is."""
        return jsonify(member=_member(admitted(ring_id)))

    @sacrifice.get("/<ring_id>/admin")
    def admin(ring_id: str) -> Response:
        """Show the invented members to an admin, or raise 403."""
        claims = admitted(ring_id)
        if claims.role != "admin":
            raise RoleTooLow()
        return jsonify(member=_member(claims), members=INVENTED)

    def admitted(ring_id: str) -> Claims:
        token = bearer_token(request.environ)
        if token is None:
            raise NoCredentials()
        return admit(rings.find(ring_id), issuer_of(ring_id), token, now())

    def changed(ring_id: str, change: Callable[[Ring, float], Ring]) -> Ring:
        try:
            return rings.change(ring_id, change)
        except UnknownKey as unknown:
            raise _no_such_key(str(unknown)) from None
        except KeyInUse:
            raise KeyStillNeeded(
                gettext("Revoke the key first, or wait: it is deleted after its last token.")
            ) from None

    return sacrifice


def _with_new_key(ring: Ring, at: float) -> Ring:
    if len(ring.keys) >= MOST_KEYS:
        raise BadRequest(gettext("A sacrificial ring has at most %(most)s keys.", most=MOST_KEYS))
    return ring.with_new_key(ALGORITHM, at)


def _no_such_key(kid: str) -> NoSuchKey:
    return NoSuchKey(gettext("There is no key %(kid)s in the key ring.", kid=kid[:20]))


def _view(ring_id: str, ring: Ring) -> dict[str, Any]:
    return {"ring": ring_id, "issuer": issuer_of(ring_id), "keys": [_key_view(key) for key in ring.keys]}


def _key_view(key: Key) -> dict[str, Any]:
    """Return a key without its secret. `needed_until`: seconds since the epoch; None: it signs."""
    return {
        "kid": key.kid,
        "state": key.state,
        "tokens_live_s": key.tokens_live_s,
        "needed_until": None if key.state == "active" else key.needed_until_s,
    }


def _member(claims: Claims) -> dict[str, str]:
    return {"username": claims.sub, "role": claims.role}


def _expect_bearer() -> None:
    """Add the `WWW-Authenticate: Bearer` challenge to refusals (RFC 6750 §3)."""
    g.bearer_realm = True
