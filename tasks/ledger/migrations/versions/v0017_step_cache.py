"""Step cache: creates the table of outcomes that later runs of the same inputs take over."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision: str | None = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Step cache: outcomes by the digest of what they were made from."""
    op.create_table(
        "step_cache",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("history_key", sa.Text(), nullable=False),
        sa.Column("workload", sa.Text(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=False),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_step_cache")),
    )
    for columns in (["context"], ["history_key", "at"], ["project"], ["at"]):
        name = op.f(f"ix_step_cache_{'_'.join(columns)}")
        op.create_index(name, "step_cache", columns, unique=False)


def downgrade() -> None:
    """Undo it."""
    op.drop_table("step_cache")
