"""Answers stored by idempotency key are successes: their status is nothing that has to be stored."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_column("idempotency", "status")
