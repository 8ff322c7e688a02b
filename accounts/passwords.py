"""Password hashes (Argon2id)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from measurement import step

# The smallest setting that OWASP's password storage guidance lists: 19 MiB, 2 passes, 1 lane.
HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)


def no_members_hash() -> str:
    """Return a hash that no password has, and that costs as much to check as any other.

    It is checked when there is no such member, so that an unknown name takes as long as a wrong password.
    """
    return f"$argon2id$v=19$m={HASHER.memory_cost},t={HASHER.time_cost},p={HASHER.parallelism}${22 * 'A'}${43 * 'A'}"


def hash_password(password: str) -> str:
    """Return a salted Argon2id hash in PHC string format."""
    return HASHER.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` has this hash; with None, spend the same time and say no."""
    with step("verify", "argon2id password"):
        try:
            return HASHER.verify(password_hash or no_members_hash(), password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False
