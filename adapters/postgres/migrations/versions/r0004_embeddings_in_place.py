"""Embeddings of up to 2,000 numbers beside the rest of their row.

By default PostgreSQL moves what makes a row longer than 2 kB into another table: an embedding of 512 numbers. A
search reads a few rows from all over the table, and each took an index and two more pages. Rows that are there stay
as they are until they are written again.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_GREATEST = 8160
"""Bytes of a row that fit into a page of 8 kB."""


def upgrade() -> None:
    op.execute(f"ALTER TABLE face SET (toast_tuple_target = {_GREATEST})")


def downgrade() -> None:
    op.execute("ALTER TABLE face RESET (toast_tuple_target)")
