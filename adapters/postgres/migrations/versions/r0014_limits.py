"""Limits of API keys."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0012"

COLUMNS = ("requests_per_minute", "concurrent_photos")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("api_key", sa.Column(name, sa.Integer))
