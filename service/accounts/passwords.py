"""Password hashes (Argon2id), made of one spelling of the password (RFC 8265 §4.2, OpaqueString)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from precis_i18n import get_profile

from service.measurement import step

# The smallest setting that OWASP's password storage guidance lists: 19 MiB, 2 passes, 1 lane.
HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)

_PROFILE = get_profile("OpaqueString")


def no_members_hash() -> str:
    """Return a hash that no password has, and that costs as much to check as any other.

    It is checked when there is no such member, so that an unknown name takes as long as a wrong password.
    """
    return f"$argon2id$v=19$m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}${22 * 'A'}${43 * 'A'}"


def as_hashed(password: str) -> str:
    """Return the spelling that is hashed: composed (NFC), every space a plain one.

    What is no password to the profile, because of a control character in it, stays as it is.
    """
    try:
        return str(_PROFILE.enforce(password))
    except UnicodeEncodeError:
        return password


def is_password(text: str) -> bool:
    """Tell whether the profile takes it: it holds no control character and nothing invisible, and is not empty."""
    try:
        _PROFILE.enforce(text)
    except UnicodeEncodeError:
        return False
    return True


def hash_password(password: str) -> str:
    """Return a salted Argon2id hash in PHC string format."""
    return HASHER.hash(as_hashed(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` has this hash; with None, spend the same time and say no.

    A hash that was made before there was a profile is one of the password as it was sent. How many spellings are tried
    depends on the password alone, and so does the time.
    """
    spellings = dict.fromkeys([as_hashed(password), password])
    with step("verify", "argon2id password"):
        fits = any(_has(password_hash or no_members_hash(), spelling) for spelling in spellings)
    return fits and password_hash is not None


def _has(password_hash: str, spelling: str) -> bool:
    try:
        return HASHER.verify(password_hash, spelling)
    except (VerificationError, InvalidHashError):
        return False
