"""Finding and changing what is sealed."""

from dataclasses import dataclass

import sqlalchemy as sa
from pgvector.sqlalchemy import VECTOR
from sqlalchemy import text
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres.compiled_statement import CompiledStatement
from adapters.postgres.statements.common import (
    AFTER,
    CROP_STORED,
    FACE_ID,
    LIMIT,
    VECTOR_STORED,
    selecting,
)
from adapters.postgres.tables import encryption_key, face, face_crop
from application.ports.sealing import KEY_ID_BYTES

_FIRST = sa.bindparam("first", type_=sa.LargeBinary)
_SEALED = sa.bindparam("new", type_=sa.LargeBinary)

_KEY = f"substring(sealed, 2, {KEY_ID_BYTES})"

# One step in an index for each key, however much it has sealed; then a range of the index for each.
_USED = """
    WITH RECURSIVE used AS (
        (SELECT {key} AS id FROM {table} WHERE sealed IS NOT NULL ORDER BY {key} LIMIT 1)
        UNION ALL
        SELECT next.id FROM used, LATERAL (
            SELECT {key} AS id FROM {table} WHERE sealed IS NOT NULL AND {key} > used.id ORDER BY {key} LIMIT 1
        ) AS next
    )
    SELECT id FROM used
"""
_COUNTS = """
    SELECT used.id, (SELECT count(*) FROM {table} WHERE sealed IS NOT NULL AND {key} = used.id) AS count
    FROM ({used}) AS used
    UNION ALL SELECT NULL, (SELECT count(*) FROM {table})
"""


@dataclass(frozen=True, slots=True)
class PartStatements:
    """Those of a table."""

    used_keys: CompiledStatement
    counts: CompiledStatement
    """Rows by key; all rows last."""
    plain: sa.Select[int, str, bytes]
    """A page of rows that the key `first` hasn't sealed: the face's id, the model, what is stored."""
    sealed: sa.Select[int, str, bytes]
    """A page of rows that are sealed."""
    seal: sa.Update
    unseal: sa.Update


def _part(
    table: sa.Table,
    key: sa.Column[int],
    model: sa.ColumnElement[str],
    plain: sa.Column[object],
    stored: sa.ColumnElement[bytes],
    given: sa.ColumnElement[object],
) -> PartStatements:
    sealed = table.c.sealed
    by_other = sa.func.substring(sealed, 2, KEY_ID_BYTES, type_=sa.LargeBinary) != _FIRST
    page = (
        sa.select(key, model, stored)
        .where(key > AFTER)
        .order_by(key)
        .limit(LIMIT)
        # What others have locked is left to the next round: nobody waits for anybody.
        .with_for_update(skip_locked=True, key_share=True)
    )
    used = _USED.format(table=table.name, key=_KEY)
    this = sa.update(table).where(key == FACE_ID)
    return PartStatements(
        CompiledStatement(text(used)),
        CompiledStatement(text(_COUNTS.format(table=table.name, key=_KEY, used=used))),
        page.where(sealed.is_(None) | by_other),
        page.where(sealed.is_not(None)),
        this.values({plain.name: None, "sealed": _SEALED}),
        this.values({plain.name: given, "sealed": None}),
    )


FACES = _part(
    face,
    face.c.id,
    face.c.recognition_model,
    face.c.embedding,
    VECTOR_STORED,
    sa.cast(sa.bindparam("vector", type_=sa.Text), VECTOR),
)
CROPS = _part(
    face_crop,
    face_crop.c.face_id,
    sa.literal("", sa.Text),
    face_crop.c.image,
    CROP_STORED,
    sa.bindparam("crop", type_=sa.LargeBinary),
)

LOCK = 0x_FACE_5EA1
"""The key of the advisory lock of whoever converts."""

KEYS = sa.select(encryption_key.c.id, encryption_key.c.check_value)
ADD_KEY = sa.text(
    "INSERT INTO encryption_key (id, check_value) VALUES (:id, :check_value) ON CONFLICT DO NOTHING"
).bindparams(sa.bindparam("id", type_=sa.LargeBinary), sa.bindparam("check_value", type_=sa.LargeBinary))
HELD_KEY = (
    "WITH held AS MATERIALIZED (SELECT id FROM encryption_key WHERE id = CAST(:key AS bytea) FOR KEY SHARE)"
)
IN_USE = "EXISTS (SELECT FROM held) OR NOT EXISTS (SELECT FROM encryption_key) AS in_use"
HOLD_KEY: TypedReturnsRows[bool] = selecting(f"{HELD_KEY} SELECT {IN_USE}", in_use=sa.Boolean)
"""Whether the key isn't forgotten, which it can't be until the transaction ends."""
FORGET_KEYS = sa.delete(encryption_key).where(
    encryption_key.c.id != sa.all_(sa.bindparam("kept", type_=sa.ARRAY(sa.LargeBinary)))
)
