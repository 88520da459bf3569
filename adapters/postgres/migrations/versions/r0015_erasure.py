"""No statistics and no compression of biometric columns: both would be copies that a deletion leaves behind."""

from alembic import op

revision = "0015"
down_revision = "0014"

# ANALYZE keeps samples of values in pg_statistic, of vectors of up to 1 kB whole ones.
COLUMNS = (
    ("face", "embedding"),
    ("face", "digest"),
    ("face_crop", "image"),
    ("liveness_session", "progress"),
    ("liveness_session", "views"),
    ("idempotency", "fingerprint"),
    ("idempotency", "body"),
)
# A vector's type forbids compression; images are compressed already.
UNCOMPRESSED = (("face_crop", "image"), ("liveness_session", "progress"), ("liveness_session", "views"))

# Since PostgreSQL 18.
_CLEAR = """
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        PERFORM pg_clear_attribute_stats(current_schema()::text, '{table}', '{column}', false);
    END IF;
END $$
"""


def upgrade() -> None:
    for table, column in COLUMNS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
        op.execute(_CLEAR.format(table=table, column=column))
    for table, column in UNCOMPRESSED:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET STORAGE EXTERNAL")
