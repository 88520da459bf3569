"""Answers stored by idempotency key are successes: their status is nothing that has to be stored."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_column("idempotency", "status")


def downgrade() -> None:
    op.add_column("idempotency", sa.Column("status", sa.SmallInteger))
    op.execute("UPDATE idempotency SET status = 200 WHERE body IS NOT NULL")
