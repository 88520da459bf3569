"""Liveness sessions: measurements and embeddings, kept for a few minutes; no pictures."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME = sa.Text(collation="C")


def upgrade() -> None:
    op.create_table(
        "liveness_session",
        sa.Column("id", NAME, nullable=False),
        sa.Column("nonce", NAME, nullable=False),
        sa.Column("detection_model", NAME, nullable=False),
        sa.Column("recognition_model", NAME, nullable=False),
        sa.Column("progress", sa.LargeBinary, nullable=False),
        sa.Column("views", sa.LargeBinary, nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="liveness_session_pkey"),
    )
    op.create_index("liveness_session_expires_at_idx", "liveness_session", ["expires_at"])


def downgrade() -> None:
    op.drop_table("liveness_session")
