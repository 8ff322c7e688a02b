"""The two tables of refresh tokens, and their rows. Other parts of an application do not use them.

Only SHA-256 hashes of token ids are stored. Times are seconds since the epoch.
"""

from dataclasses import dataclass

from sqlalchemy import Column, Connection, Double, ForeignKey, Index, Integer, MetaData, String, Table, event, text

LONGEST_NAME, LONGEST_USER_ID = 16, 255  # characters


@dataclass(frozen=True)
class Family:
    """One login: the settings and the end that all of its refresh tokens share. A row of `families`."""

    login_id: str
    name: str
    user_id: str
    seed: str
    access_ttl_s: int
    refresh_ttl_s: int
    created_at: float
    expires_at: float
    revoked_at: float | None = None


@dataclass(frozen=True)
class RefreshTokenRow:
    """One refresh token of a family. `used_at`: when it was exchanged for its successor. A row of `refresh_tokens`."""

    jti_hash: str
    login_id: str
    issued_at: float
    expires_at: float
    used_at: float | None = None


# A column for each field above, in the same order. Times are doubles: a 4-byte FLOAT would round them to minutes.
TABLES = MetaData()
families = Table(
    "refresh_families",
    TABLES,
    Column("login_id", String(32), primary_key=True),
    Column("approach", String(LONGEST_NAME), key="name", nullable=False),
    Column("member_id", String(LONGEST_USER_ID), key="user_id", nullable=False, index=True),
    Column("seed", String(64), nullable=False),
    Column("access_ttl_s", Integer, nullable=False),
    Column("refresh_ttl_s", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double),
)
refresh_tokens = Table(
    "refresh_tokens",
    TABLES,
    Column("jti_hash", String(64), primary_key=True),
    Column("login_id", String(32), ForeignKey("refresh_families.login_id"), nullable=False),
    Column("issued_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("spent_at", Double, key="used_at"),
)
Index("refresh_tokens_of_login", refresh_tokens.c.login_id, refresh_tokens.c.issued_at)
unused_index = Index("refresh_tokens_unspent", refresh_tokens.c.login_id)


@event.listens_for(TABLES, "before_create")
def _index_unused_tokens_only(_tables: MetaData, connection: Connection, **_how: object) -> None:
    """Make it a partial index, in the engine's dialect. `Index(sqlite_where=…, postgresql_where=…)` imports both."""
    unused_index.dialect_options[connection.dialect.name]["where"] = text("spent_at IS NULL")
