"""The audit trail: entries that are only ever added, and removed when they are old."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

NAME = sa.Text(collation="C")
IDS = sa.ARRAY(sa.BigInteger)


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("previous", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", NAME, nullable=False),
        sa.Column("result", NAME, nullable=False),
        sa.Column("key_id", sa.BigInteger),
        sa.Column("client", NAME),
        sa.Column("request_id", NAME),
        sa.Column("collection", NAME),
        sa.Column("profile_ids", IDS, nullable=False),
        sa.Column("face_ids", IDS, nullable=False),
        sa.Column("target_keys", IDS, nullable=False),
        sa.Column("names", sa.ARRAY(NAME), nullable=False),
        sa.Column("recognition_model", NAME),
        sa.Column("threshold", sa.Double),
        sa.PrimaryKeyConstraint("id", name="audit_entry_pkey"),
    )
    op.create_index("audit_entry_at_idx", "audit_entry", ["at"])
    op.create_index("audit_entry_key_id_id_idx", "audit_entry", ["key_id", "id"])
    op.create_index("audit_entry_profile_ids_idx", "audit_entry", ["profile_ids"], postgresql_using="gin")
    op.create_table(
        "audit_chain",
        sa.Column("id", sa.SmallInteger, autoincrement=False, server_default="1", nullable=False),
        sa.Column("removed_id", sa.BigInteger, nullable=False),
        sa.Column("removed_hash", sa.LargeBinary, nullable=False),
        sa.Column("last_id", sa.BigInteger, nullable=False),
        sa.Column("last_hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="audit_chain_pkey"),
        sa.CheckConstraint("id = 1", name="audit_chain_id_check"),
    )
    op.execute("""
        INSERT INTO audit_chain (removed_id, removed_hash, last_id, last_hash)
        VALUES (0, decode(repeat('00', 32), 'hex'), 0, decode(repeat('00', 32), 'hex'))
    """)
    op.execute("""
        CREATE OR REPLACE FUNCTION keep_audit_entries() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('face.audit_retention', true) = 'on' THEN
                RETURN NULL;
            END IF;
            RAISE EXCEPTION 'audit entries are not changed';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER keep_audit_entries BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
        FOR EACH STATEMENT EXECUTE FUNCTION keep_audit_entries()
    """)
