"""Liveness sessions: measurements and embeddings, kept for a few minutes; no pictures."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE liveness_session (
            id text COLLATE "C" CONSTRAINT liveness_session_pkey PRIMARY KEY,
            nonce text COLLATE "C" NOT NULL,
            detection_model text COLLATE "C" NOT NULL,
            recognition_model text COLLATE "C" NOT NULL,
            progress bytea NOT NULL,
            views bytea NOT NULL,
            begun_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL
        )
        """)
    op.create_index("liveness_session_expires_at_idx", "liveness_session", ["expires_at"])
