"""Models: creates the tables of model versions and demand forecasts; adds an estimate's source."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Models with their versions, forecasts of demand, and where an estimate comes from."""
    op.create_table(
        "models",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("trained_at", sa.Double(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("until", sa.Double(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scores", sa.JSON(), nullable=False),
        sa.Column("champion", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_models")),
    )
    op.create_table(
        "forecasts",
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("hour", sa.Double(), nullable=False),
        sa.Column("median", sa.Double(), nullable=False),
        sa.Column("mean", sa.Double(), nullable=False),
        sa.Column("low", sa.Double(), nullable=False),
        sa.Column("high", sa.Double(), nullable=False),
        sa.Column("published_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("measure", "hour", name=op.f("pk_forecasts")),
    )
    op.add_column("estimates", sa.Column("rule", sa.Text(), nullable=True))
    op.add_column("estimates", sa.Column("why", sa.Text(), nullable=True))


def downgrade() -> None:
    """Undo it."""
    op.drop_column("estimates", "why")
    op.drop_column("estimates", "rule")
    op.drop_table("forecasts")
    op.drop_table("models")
