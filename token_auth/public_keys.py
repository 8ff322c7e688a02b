"""Keys of public-key algorithms, read and created by PyJWT and cryptography.

Both take about 10 MiB of memory, so `keys` imports this module only for a key that needs it. HS256 does not.
"""

from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa_key
from jwt import PyJWK, PyJWTError
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm


def read_jwk(jwk: dict[str, Any], alg: str) -> PyJWK:
    """Return the key of algorithm `alg` in a JWK (RFC 7517). Raise `ValueError` or `KeyError` if it holds none."""
    try:
        read = PyJWK.from_dict(jwk, algorithm=alg)
        read.Algorithm.prepare_key(read.key)  # refuses another curve, and a public key as an HMAC secret
    except PyJWTError:
        raise ValueError("not a key") from None
    return read


def new_private_jwk(alg: Literal["EdDSA", "ES256", "RS256"], rsa_bits: int) -> dict[str, Any]:
    """Return the private JWK of a new key. `rsa_bits`: the size of a key for RS256."""
    match alg:
        case "EdDSA":
            return dict(OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True))
        case "ES256":
            return dict(ECAlgorithm.to_jwk(generate_private_key(SECP256R1()), as_dict=True))
        case "RS256":
            return dict(RSAAlgorithm.to_jwk(generate_rsa_key(65537, rsa_bits), as_dict=True))
