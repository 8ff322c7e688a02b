"""Password hashes (Argon2id)."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from measurement import step

# The smallest setting that OWASP's password storage guidance lists: 19 MiB, 2 passes, 1 lane.
HASHER = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)

# Checked against when there is no such member, so that an unknown name takes as long as a wrong password.
NOBODYS_HASH = HASHER.hash("nobody's password")


def hash_password(password: str) -> str:
    """Return a salted Argon2id hash in PHC string format."""
    return HASHER.hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Tell whether `password` has this hash; with None, spend the same time and say no."""
    with step("verify", "argon2id password"):
        try:
            return HASHER.verify(password_hash or NOBODYS_HASH, password) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False
