"""The schema as the newest migration leaves it."""

import sqlalchemy as sa
from pgvector.sqlalchemy import VECTOR
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


def _id(*, always: bool = True) -> sa.Column[int]:
    """An id from a sequence: ascending, never used twice."""
    return sa.Column("id", sa.BigInteger, sa.Identity(always=always, maxvalue=MAX_ID), primary_key=True)


def _sealed_by(table: str, key: str) -> sa.Index:
    """Finds what a key has sealed."""
    return sa.Index(
        f"{table}_sealed_key",
        sa.text("substring(sealed, 2, 4)"),
        key,
        postgresql_where=sa.text("sealed IS NOT NULL"),
    )


_NAME = sa.Text(collation="C")
"""Compared and sorted byte by byte, whatever the database's locale."""

metadata = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

collection = sa.Table(
    "collection",
    metadata,
    sa.Column("name", _NAME, primary_key=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    # Null keeps everybody.
    sa.Column("retention_days", sa.Integer),
    sa.Column("retention_from", _NAME, nullable=False, server_default="enrolment"),
    # Since when days are counted from the last match, and matches written down.
    sa.Column("matches_since", sa.DateTime(timezone=True)),
    sa.CheckConstraint("retention_days BETWEEN 1 AND 36500", name="collection_retention_days_check"),
    sa.CheckConstraint(
        "retention_from IN ('enrolment', 'last_match')", name="collection_retention_from_check"
    ),
)

profile = sa.Table(
    "profile",
    metadata,
    _id(),
    sa.Column("collection", _NAME, sa.ForeignKey("collection.name"), nullable=False),
    sa.Column("name", _NAME, nullable=False),
    sa.Column("metadata", JSONB, nullable=False, server_default=sa.text("'{}'::jsonb")),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    # Written where the collection counts days from the last match.
    sa.Column("last_matched_on", sa.Date),
    # Also serves the search by prefix.
    sa.UniqueConstraint("collection", "name"),
    # Referenced by faces; the order of lists.
    sa.UniqueConstraint("collection", "id"),
    sa.Index(None, "metadata", postgresql_using="gin", postgresql_ops={"metadata": "jsonb_path_ops"}),
)

face = sa.Table(
    "face",
    metadata,
    # Known before the row is inserted if what is in it is bound to it.
    _id(always=False),
    sa.Column("profile_id", sa.BigInteger, nullable=False),
    # The profile's, by the foreign key: a search needs no other table.
    sa.Column("collection", _NAME, nullable=False),
    sa.Column("recognition_model", _NAME, nullable=False),
    sa.Column("detection_model", _NAME, nullable=False),
    sa.Column("digest", sa.LargeBinary),
    # Of unit norm; the length depends on the model. Either plain or sealed (application/ports/sealing.py).
    sa.Column("embedding", VECTOR),
    sa.Column("sealed", sa.LargeBinary),
    # The norm of the network's output; null where clients send embeddings.
    sa.Column("embedding_norm", sa.REAL),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    # The transaction that wrote the row last; set by a trigger.
    sa.Column("revision", XID8, nullable=False, server_default=sa.func.pg_current_xact_id()),
    sa.CheckConstraint("num_nonnulls(embedding, sealed) = 1", name="face_sealed_check"),
    _sealed_by("face", "id"),
    # Without ON DELETE CASCADE: a profile with faces can't be deleted.
    sa.ForeignKeyConstraint(["collection", "profile_id"], ["profile.collection", "profile.id"]),
    # Each serves a filter of the list, in its order.
    sa.Index(None, "collection", "id"),
    sa.Index(None, "collection", "recognition_model", "id"),
    sa.Index(None, "profile_id", "id"),
    # Counts the people of a search.
    sa.Index(None, "collection", "recognition_model", "profile_id"),
    # Finds the changes of a gallery.
    sa.Index(None, "collection", "recognition_model", "revision", "id"),
    # A photo is enrolled once.
    sa.Index(
        "face_digest_key",
        "profile_id",
        "recognition_model",
        "detection_model",
        "digest",
        unique=True,
        postgresql_where=sa.text("digest IS NOT NULL"),
    ),
)

# Filled by triggers. The only trace of a deleted face is its id.
removed_face = sa.Table(
    "removed_face",
    metadata,
    sa.Column("collection", _NAME, nullable=False),
    sa.Column("recognition_model", _NAME, nullable=False),
    sa.Column("revision", XID8, nullable=False, server_default=sa.func.pg_current_xact_id()),
    sa.Column("face_id", sa.BigInteger, nullable=False),
    sa.Column("removed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Index(None, "collection", "recognition_model", "revision", "face_id"),
)

face_crop = sa.Table(
    "face_crop",
    metadata,
    sa.Column("face_id", sa.BigInteger, sa.ForeignKey("face.id", ondelete="CASCADE"), primary_key=True),
    # Either plain or sealed.
    sa.Column("image", sa.LargeBinary),
    sa.Column("sealed", sa.LargeBinary),
    sa.CheckConstraint("num_nonnulls(image, sealed) = 1", name="face_crop_sealed_check"),
    _sealed_by("face_crop", "face_id"),
)

# The keys with which something is sealed; which they are can be checked, and not what they are.
encryption_key = sa.Table(
    "encryption_key",
    metadata,
    sa.Column("id", sa.LargeBinary, primary_key=True),
    sa.Column("check_value", sa.LargeBinary, nullable=False),
    sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
)

# Cohorts (domain/impostors.py). Faces that were deleted since are skipped.
gallery_cohort = sa.Table(
    "gallery_cohort",
    metadata,
    sa.Column("collection", _NAME, sa.ForeignKey("collection.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("recognition_model", _NAME, primary_key=True),
    # The size of the gallery.
    sa.Column("people", sa.BigInteger, nullable=False),
    sa.Column("faces", sa.ARRAY(sa.BigInteger), nullable=False),
    # Differs for each cohort drawn, even if its row was deleted in between.
    sa.Column("version", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
)

# The archive whose ids are kept (Archive.keep_ids): at most one row.
kept_archive = sa.Table("kept_archive", metadata, sa.Column("archive", sa.Text, primary_key=True))

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("key", _NAME, primary_key=True),
    sa.Column("fingerprint", sa.LargeBinary, nullable=False),
    sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    # Null until the request is answered.
    sa.Column("body", sa.LargeBinary),
    sa.Index(None, "begun_at"),
)

liveness_session = sa.Table(
    "liveness_session",
    metadata,
    sa.Column("id", _NAME, primary_key=True),
    sa.Column("nonce", _NAME, nullable=False),
    sa.Column("detection_model", _NAME, nullable=False),
    sa.Column("recognition_model", _NAME, nullable=False),
    # Measurements, without pictures and embeddings.
    sa.Column("progress", sa.LargeBinary, nullable=False),
    # Concatenated float32 embeddings; empty once the session has failed or was used.
    sa.Column("views", sa.LargeBinary, nullable=False),
    sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Index(None, "expires_at"),
)

api_key = sa.Table(
    "api_key",
    metadata,
    _id(),
    sa.Column("name", _NAME, nullable=False),
    # SHA-256 of the secret, which is stored nowhere.
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("scopes", sa.ARRAY(_NAME), nullable=False),
    # Without a foreign key: a key may be made for a collection that is created later.
    sa.Column("collections", sa.ARRAY(_NAME)),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.Column("expires_at", sa.DateTime(timezone=True)),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    sa.Column("last_used_at", sa.DateTime(timezone=True)),
    # NULL: the default of the settings; 0: unlimited.
    sa.Column("requests_per_minute", sa.Integer),
    sa.Column("concurrent_photos", sa.Integer),
)

# Rows are only added (a trigger sees to it), and removed when they are old. No foreign keys: what they name may go.
audit_entry = sa.Table(
    "audit_entry",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    # SHA-256 of the entry before.
    sa.Column("previous", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("action", _NAME, nullable=False),
    sa.Column("result", _NAME, nullable=False),
    sa.Column("key_id", sa.BigInteger),
    sa.Column("client", _NAME),
    sa.Column("request_id", _NAME),
    sa.Column("collection", _NAME),
    sa.Column("profile_ids", sa.ARRAY(sa.BigInteger), nullable=False),
    sa.Column("face_ids", sa.ARRAY(sa.BigInteger), nullable=False),
    sa.Column("target_keys", sa.ARRAY(sa.BigInteger), nullable=False),
    sa.Column("names", sa.ARRAY(_NAME), nullable=False),
    sa.Column("recognition_model", _NAME),
    sa.Column("threshold", sa.Double),
    sa.Index(None, "at"),
    sa.Index(None, "key_id", "id"),
    sa.Index(None, "profile_ids", postgresql_using="gin"),
)

# Both ends of the chain of entries, in one row, which is locked while the chain changes.
audit_chain = sa.Table(
    "audit_chain",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False, server_default="1"),
    sa.Column("removed_id", sa.BigInteger, nullable=False),
    sa.Column("removed_hash", sa.LargeBinary, nullable=False),
    sa.Column("last_id", sa.BigInteger, nullable=False),
    sa.Column("last_hash", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("id = 1", name="audit_chain_id_check"),
)
