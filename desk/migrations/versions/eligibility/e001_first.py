"""Loads and answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e001"
down_revision = None


def _code(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Makes the tables."""
    op.create_table(
        "desk_loads",
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("as_of", sa.String(10), nullable=False),
        sa.Column("loaded_on", sa.String(10), nullable=False),
        sa.Column("loaded_at", sa.String(27), nullable=False),
        sa.Column("snapshot", sa.String(40), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("policy_version", sa.String(100), nullable=False),
        sa.Column("code_version", sa.String(100), nullable=False),
        sa.Column("gaps", sa.Text, nullable=False),
        sa.Column("citations", sa.Text, nullable=False),
        sa.Column("entities", sa.Integer, nullable=False),
        sa.Column("added", sa.Integer, nullable=False),
        sa.Column("changed", sa.Integer, nullable=False),
        sa.Column("removed", sa.Integer, nullable=False),
    )
    op.create_table(
        "desk_answers",
        sa.Column("uscc", _code(18), nullable=False),
        sa.Column("from_seq", sa.Integer, nullable=False),
        sa.Column("to_seq", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("division_code", _code(12), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("grounds", sa.String(100), nullable=False),
        sa.Column("clean_since", sa.String(10)),
        sa.Column("eligible_on", sa.String(10)),
        sa.Column("blockers", sa.Text, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("uscc", "from_seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("desk_answers_name", "desk_answers", ["name_key"])
    op.create_index("desk_answers_division", "desk_answers", ["division_code", "uscc"])
