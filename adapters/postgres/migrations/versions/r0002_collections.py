"""Collections, metadata of people, digests of photos, crops, and idempotency keys."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAME = sa.Text(collation="C")


def created(name: str) -> sa.Column:  # type: ignore[type-arg]
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def upgrade() -> None:
    op.create_table(
        "collection",
        sa.Column("name", NAME, nullable=False),
        created("created_at"),
        sa.PrimaryKeyConstraint("name", name="collection_pkey"),
    )
    op.execute("INSERT INTO collection (name) VALUES ('default')")
    for table in ("profile", "face"):
        op.add_column(table, sa.Column("collection", NAME, nullable=False, server_default="default"))
        op.alter_column(table, "collection", server_default=None)
    op.add_column(
        "profile",
        sa.Column("metadata", JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    )
    op.create_index(
        "profile_metadata_idx",
        "profile",
        ["metadata"],
        postgresql_using="gin",
        postgresql_ops={"metadata": "jsonb_path_ops"},
    )
    op.drop_constraint("profile_name_key", "profile")
    op.create_unique_constraint("profile_collection_name_key", "profile", ["collection", "name"])
    op.create_unique_constraint("profile_collection_id_key", "profile", ["collection", "id"])
    op.create_foreign_key("profile_collection_fkey", "profile", "collection", ["collection"], ["name"])

    op.add_column("face", sa.Column("digest", sa.LargeBinary))
    op.drop_constraint("face_profile_id_fkey", "face")
    op.create_foreign_key(
        "face_collection_profile_id_fkey",
        "face",
        "profile",
        ["collection", "profile_id"],
        ["collection", "id"],
    )
    op.drop_index("face_recognition_model_id_idx", "face")
    op.create_index("face_collection_id_idx", "face", ["collection", "id"])
    op.create_index(
        "face_collection_recognition_model_id_idx", "face", ["collection", "recognition_model", "id"]
    )
    op.create_index(
        "face_collection_recognition_model_profile_id_idx",
        "face",
        ["collection", "recognition_model", "profile_id"],
    )
    op.create_index(
        "face_digest_key",
        "face",
        ["profile_id", "recognition_model", "detection_model", "digest"],
        unique=True,
        postgresql_where=sa.text("digest IS NOT NULL"),
    )
    # Counting people is an index-only scan where the table was vacuumed: after 2% of new faces, not 20%.
    op.execute("ALTER TABLE face SET (autovacuum_vacuum_insert_scale_factor = 0.02)")

    op.create_table(
        "face_crop",
        sa.Column("face_id", sa.Uuid, nullable=False),
        sa.Column("image", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("face_id", name="face_crop_pkey"),
        sa.ForeignKeyConstraint(["face_id"], ["face.id"], name="face_crop_face_id_fkey", ondelete="CASCADE"),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", NAME, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        created("begun_at"),
        sa.Column("status", sa.SmallInteger),
        sa.Column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("key", name="idempotency_pkey"),
    )
    op.create_index("idempotency_begun_at_idx", "idempotency", ["begun_at"])


def downgrade() -> None:
    # Fails, and changes nothing, if two collections have people of the same name.
    op.drop_table("idempotency")
    op.drop_table("face_crop")
    op.execute("ALTER TABLE face RESET (autovacuum_vacuum_insert_scale_factor)")
    op.drop_constraint("face_collection_profile_id_fkey", "face")
    for column in ("digest", "collection"):
        op.drop_column("face", column)
    op.create_index("face_recognition_model_id_idx", "face", ["recognition_model", "id"])
    for column in ("metadata", "collection"):
        op.drop_column("profile", column)
    op.create_unique_constraint("profile_name_key", "profile", ["name"])
    op.create_foreign_key("face_profile_id_fkey", "face", "profile", ["profile_id"], ["id"])
    op.drop_table("collection")
