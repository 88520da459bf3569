"""The schema as the newest migration leaves it. Rows never leave this package."""

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
    """The number of a transaction; it never comes back."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Its name."""
        return "xid8"


ischema_names["xid8"] = XID8


def _id() -> Column[int]:
    """An integer that the server gives, greater than those before it, and never again."""
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
    # Serves the search for a prefix, too.
    UniqueConstraint("collection", "name"),
    # What a face refers to, and the order of the list.
    UniqueConstraint("collection", "id"),
    Index(None, "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}),
)

face = Table(
    "face",
    metadata,
    _id(),
    Column("profile_id", BigInteger, nullable=False),
    # The profile's, which the foreign key sees to: a search looks at no other table.
    Column("collection", _NAME, nullable=False),
    Column("recognition_model", _NAME, nullable=False),
    Column("detection_model", _NAME, nullable=False),
    Column("digest", LargeBinary),
    # Of unit norm, of any length: each model has its own.
    Column("embedding", VECTOR, nullable=False),
    # The length of the vector as the network gave it; absent where clients send embeddings.
    Column("embedding_norm", REAL),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # Of the transaction that wrote the row last; a trigger sees to it.
    Column("revision", XID8, nullable=False, server_default=func.pg_current_xact_id()),
    # Without ON DELETE CASCADE: a profile cannot go while a face needs it.
    ForeignKeyConstraint(["collection", "profile_id"], ["profile.collection", "profile.id"]),
    # Each serves a filter of the list in the order of its pages.
    Index(None, "collection", "id"),
    Index(None, "collection", "recognition_model", "id"),
    Index(None, "profile_id", "id"),
    # The people of a search are counted in it.
    Index(None, "collection", "recognition_model", "profile_id"),
    # What is new of a gallery is found in it.
    Index(None, "collection", "recognition_model", "revision", "id"),
    # The same photo is enrolled once.
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

# Filled by triggers, whoever deletes. Nothing in it is of a person but an id that was theirs.
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

# By whom the scores of a gallery are normalised. Faces that were deleted since are just missing.
gallery_cohort = Table(
    "gallery_cohort",
    metadata,
    Column("collection", _NAME, ForeignKey("collection.name", ondelete="CASCADE"), primary_key=True),
    Column("recognition_model", _NAME, primary_key=True),
    # Of the whole gallery.
    Column("people", BigInteger, nullable=False),
    Column("faces", ARRAY(BigInteger), nullable=False),
    # Another one each time that the cohort is drawn, even if its row was deleted in between.
    Column("version", BigInteger, Identity(always=True), nullable=False),
    Column("drawn_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# Of the archive whose ids people and faces have here: at most one row (Archive.keep_ids).
kept_archive = Table("kept_archive", metadata, Column("archive", Text, primary_key=True))

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", _NAME, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # Both are absent until the request is answered.
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
    # Measurements; no picture is in them, nor an embedding.
    Column("progress", LargeBinary, nullable=False),
    # Embeddings, float32 one after another; none once the session has failed or was used.
    Column("views", LargeBinary, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Index(None, "expires_at"),
)

api_key = Table(
    "api_key",
    metadata,
    _id(),
    Column("name", _NAME, nullable=False),
    # SHA-256 of the secret, which is stored nowhere.
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("scopes", ARRAY(_NAME), nullable=False),
    # Without a foreign key: a key may be made for a collection that is created later.
    Column("collections", ARRAY(_NAME)),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("expires_at", DateTime(timezone=True)),
    Column("revoked_at", DateTime(timezone=True)),
    Column("last_used_at", DateTime(timezone=True)),
)
