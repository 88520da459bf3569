"""The schema as the newest migration leaves it. Rows never leave this package."""

from pgvector.sqlalchemy import VECTOR
from sqlalchemy import Column, DateTime, ForeignKey, Index, MetaData, Table, Text, Uuid, func

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

profile = Table(
    "profile",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Compared byte by byte, whatever the database's locale.
    Column("name", Text(collation="C"), nullable=False, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

face = Table(
    "face",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Without ON DELETE CASCADE: a profile cannot go while a face needs it.
    Column("profile_id", Uuid, ForeignKey("profile.id"), nullable=False),
    Column("recognition_model", Text(collation="C"), nullable=False),
    Column("detection_model", Text(collation="C"), nullable=False),
    # Of unit norm, of any length: each model has its own.
    Column("embedding", VECTOR, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    # Each serves a filter of the list in the order of its pages.
    Index(None, "profile_id", "id"),
    Index(None, "recognition_model", "id"),
)
