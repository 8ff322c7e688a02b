"""Password hashes (Argon2id) of the normalized password (RFC 8265 §4.2, OpaqueString)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from precis_i18n import get_profile

from service.accounts.hash_memory import return_memory_soon
from service.measurement import step

# The smallest setting in OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane.
HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)

_PROFILE = get_profile("OpaqueString")


def unmatchable_hash() -> str:
    """Return a hash that no password matches. Checking it costs as much as checking any other hash.

    It is used for an unknown name, so that the answer takes as long as for a wrong password.
    """
    return f"$argon2id$v=19$m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}${22 * 'A'}${43 * 'A'}"


def as_hashed(password: str) -> str:
    """Return the spelling that is hashed: composed (NFC), with ASCII spaces.

    A password that the profile does not allow, because of a control character, is returned unchanged.
    """
    try:
        return str(_PROFILE.enforce(password))
    except UnicodeEncodeError:
        return password


def is_password(text: str) -> bool:
    """Return whether the profile allows it: not empty, no control characters, no invisible characters."""
    try:
        _PROFILE.enforce(text)
    except UnicodeEncodeError:
        return False
    return True


def hash_password(password: str) -> str:
    """Return a salted Argon2id hash in PHC string format."""
    return HASHER.hash(as_hashed(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Return whether `password` has this hash. With None, return False after the same time.

    An earlier version hashed the password as it was sent, so that spelling is tried too. The number of attempts, and
    so the time, depends only on the password.
    """
    spellings = dict.fromkeys([as_hashed(password), password])
    with step("verify", "argon2id password"):
        fits = any(_has(password_hash or unmatchable_hash(), spelling) for spelling in spellings)
    return_memory_soon()
    return fits and password_hash is not None


def _has(password_hash: str, spelling: str) -> bool:
    try:
        return HASHER.verify(password_hash, spelling)
    except (VerificationError, InvalidHashError):
        return False
