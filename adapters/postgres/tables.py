"""The schema as the newest migration leaves it."""

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType

from domain.people import MAX_ID


class XID8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, which is never reused."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in DDL."""
        return "xid8"


ischema_names["xid8"] = XID8


def _id() -> Column[int]:
    """An id from a sequence: ascending, never used twice."""
    return Column("id", BigInteger, Identity(always=True, maxvalue=MAX_ID), primary_key=True)


_NAME = Text(collation="C")
"""Compared and sorted byte by byte, whatever the database's locale."""

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

collection = Table(
    "collection",
    metadata,
    Column("name", _NAME, primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

profile = Table(
    "profile",
    metadata,
    _id(),
    Column("collection", _NAME, ForeignKey("collection.name"), nullable=False),
    Column("name", _NAME, nullable=False),
    Column("metadata", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # Also serves the search by prefix.
    UniqueConstraint("collection", "name"),
    # Referenced by faces; the order of lists.
    UniqueConstraint("collection", "id"),
    Index(None, "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}),
)

face = Table(
    "face",
    metadata,
    _id(),
    Column("profile_id", BigInteger, nullable=False),
    # The profile's, by the foreign key: a search needs no other table.
    Column("collection", _NAME, nullable=False),
    Column("recognition_model", _NAME, nullable=False),
    Column("detection_model", _NAME, nullable=False),
    Column("digest", LargeBinary),
    # Of unit norm; the length depends on the model.
    Column("embedding", VECTOR, nullable=False),
    # The norm of the network's output; null where clients send embeddings.
    Column("embedding_norm", REAL),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # The transaction that wrote the row last; set by a trigger.
    Column("revision", XID8, nullable=False, server_default=func.pg_current_xact_id()),
    # Without ON DELETE CASCADE: a profile with faces can't be deleted.
    ForeignKeyConstraint(["collection", "profile_id"], ["profile.collection", "profile.id"]),
    # Each serves a filter of the list, in its order.
    Index(None, "collection", "id"),
    Index(None, "collection", "recognition_model", "id"),
    Index(None, "profile_id", "id"),
    # Counts the people of a search.
    Index(None, "collection", "recognition_model", "profile_id"),
    # Finds the changes of a gallery.
    Index(None, "collection", "recognition_model", "revision", "id"),
    # A photo is enrolled once.
    Index(
        "face_digest_key",
        "profile_id",
        "recognition_model",
        "detection_model",
        "digest",
        unique=True,
        postgresql_where=text("digest IS NOT NULL"),
    ),
)

# Filled by triggers. The only trace of a deleted face is its id.
removed_face = Table(
    "removed_face",
    metadata,
    Column("collection", _NAME, nullable=False),
    Column("recognition_model", _NAME, nullable=False),
    Column("revision", XID8, nullable=False, server_default=func.pg_current_xact_id()),
    Column("face_id", BigInteger, nullable=False),
    Column("removed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index(None, "collection", "recognition_model", "revision", "face_id"),
)

face_crop = Table(
    "face_crop",
    metadata,
    Column("face_id", BigInteger, ForeignKey("face.id", ondelete="CASCADE"), primary_key=True),
    Column("image", LargeBinary, nullable=False),
)

# Cohorts (domain/impostors.py). Faces that were deleted since are skipped.
gallery_cohort = Table(
    "gallery_cohort",
    metadata,
    Column("collection", _NAME, ForeignKey("collection.name", ondelete="CASCADE"), primary_key=True),
    Column("recognition_model", _NAME, primary_key=True),
    # The size of the gallery.
    Column("people", BigInteger, nullable=False),
    Column("faces", ARRAY(BigInteger), nullable=False),
    # Differs for each cohort drawn, even if its row was deleted in between.
    Column("version", BigInteger, Identity(always=True), nullable=False),
    Column("drawn_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# The archive whose ids are kept (Archive.keep_ids): at most one row.
kept_archive = Table("kept_archive", metadata, Column("archive", Text, primary_key=True))

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", _NAME, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # Both are null until the request is answered.
    Column("status", SmallInteger),
    Column("body", LargeBinary),
    Index(None, "begun_at"),
)

liveness_session = Table(
    "liveness_session",
    metadata,
    Column("id", _NAME, primary_key=True),
    Column("nonce", _NAME, nullable=False),
    Column("detection_model", _NAME, nullable=False),
    Column("recognition_model", _NAME, nullable=False),
    # Measurements, without pictures and embeddings.
    Column("progress", LargeBinary, nullable=False),
    # Concatenated float32 embeddings; empty once the session has failed or was used.
    Column("views", LargeBinary, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index(None, "expires_at"),
)
