"""How long a collection keeps people, and the day of their last match."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column("collection", sa.Column("retention_days", sa.Integer))
    op.add_column(
        "collection",
        sa.Column("retention_from", sa.Text(collation="C"), nullable=False, server_default="enrolment"),
    )
    op.add_column("collection", sa.Column("matches_since", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "collection_retention_days_check", "collection", "retention_days BETWEEN 1 AND 36500"
    )
    op.create_check_constraint(
        "collection_retention_from_check", "collection", "retention_from IN ('enrolment', 'last_match')"
    )
    op.add_column("profile", sa.Column("last_matched_on", sa.Date))
