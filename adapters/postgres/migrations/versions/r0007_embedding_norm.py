"""The norm of each embedding, and another model name for embeddings that `sface` made before.

Earlier embeddings were centred on four times the mean of the training vectors. Without their norms they can't be
converted, and must not be compared with new ones: docs/decisions/0011-thresholds-that-fit.md.
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE face ADD COLUMN embedding_norm real")
    op.execute("""
        UPDATE face SET recognition_model = recognition_model || '@1'
        WHERE recognition_model IN ('sface', 'sface_int8', 'sface_float')
    """)
