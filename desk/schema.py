"""The tables of the three databases. Migrations make them; a test holds that both agree."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

# `to_seq` of what still holds.
OPEN = 2_147_483_647

ELIGIBILITY, ACCESS, AUDIT = MetaData(), MetaData(), MetaData()


def _code(length: int) -> String:
    """Text that is compared by code point in both databases, as the snapshot's files are sorted."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


LOADS = Table(
    "desk_loads",
    ELIGIBILITY,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("as_of", String(10), nullable=False),
    Column("loaded_on", String(10), nullable=False),
    Column("loaded_at", String(27), nullable=False),
    Column("snapshot", String(40), nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("policy_version", String(100), nullable=False),
    Column("code_version", String(100), nullable=False),
    Column("gaps", Text, nullable=False),
    Column("citations", Text, nullable=False),
    Column("entities", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
)

# One row is what was said of an entity from load `from_seq` until before load `to_seq`.
ANSWERS = Table(
    "desk_answers",
    ELIGIBILITY,
    Column("uscc", _code(18), nullable=False),
    Column("from_seq", Integer, nullable=False),
    Column("to_seq", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("division_code", _code(12), nullable=False),
    Column("status", String(40), nullable=False),
    Column("grounds", String(100), nullable=False),
    Column("clean_since", String(10)),
    Column("eligible_on", String(10)),
    Column("blockers", Text, nullable=False),
    Column("digest", String(32), nullable=False),
    PrimaryKeyConstraint("uscc", "from_seq"),
    Index("desk_answers_name", "name_key"),
    Index("desk_answers_division", "division_code", "uscc"),
    sqlite_with_rowid=False,
)

USERS = Table(
    "desk_users",
    ACCESS,
    Column("name", String(100), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("password", Text, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("locked_until", String(27)),
    Column("created_at", String(27), nullable=False),
    Column("changed_at", String(27), nullable=False),
)
TOKENS = Table(
    "desk_tokens",
    ACCESS,
    Column("id", String(12), primary_key=True),
    Column("secret_sha256", String(64), nullable=False, unique=True),
    Column("name", String(100), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("expires_at", String(27), nullable=False),
    Column("revoked_at", String(27)),
)
SESSIONS = Table(
    "desk_sessions",
    ACCESS,
    Column("id_sha256", String(64), primary_key=True),
    Column("user_name", String(100), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("seen_at", String(27), nullable=False),
)
OBJECTIONS = Table(
    "desk_objections",
    ACCESS,
    Column("id", String(20), primary_key=True),
    Column("uscc", _code(18), nullable=False, index=True),
    Column("entity_name", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("filed_by", String(100), nullable=False),
    Column("filed_at", String(27), nullable=False),
    Column("due_on", String(10), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("settled_by", String(100)),
    Column("settled_at", String(27)),
    Column("outcome", Text),
    Column("ruling", Text),
)
BATCHES = Table(
    "desk_batches",
    ACCESS,
    Column("id", String(20), primary_key=True),
    Column("owner", String(100), nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("problem", Text),
    Column("result", LargeBinary),
)

ENTRIES = Table(
    "desk_audit",
    AUDIT,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False),
    Column("who", String(120), nullable=False),
    Column("role", String(20), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("action", String(30), nullable=False),
    Column("subject", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("answer", String(20), nullable=False),
    Column("status", String(40), nullable=False),
    Column("as_of", String(10), nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("code", String(14), nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
