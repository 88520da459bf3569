"""The numbers of people and faces, which 0003 added, become their ids (docs/decisions/0012-integer-ids.md).

`face` is rewritten once, so that it needs twice its space for a while. Its revisions stay, so that saved indexes can
still be used.
"""

from alembic import op

from adapters.postgres.migrations import execute

revision = "0005"
down_revision = "0003"

_DROP_REFERENCES = """
-- Stored answers have the old ids.
DELETE FROM idempotency;
ALTER TABLE face_crop DROP CONSTRAINT face_crop_face_id_fkey;
ALTER TABLE face DROP CONSTRAINT face_collection_profile_id_fkey;
"""
_CREATE_REFERENCES = """
ALTER TABLE profile ADD CONSTRAINT profile_pkey PRIMARY KEY (id),
    ADD CONSTRAINT profile_collection_id_key UNIQUE (collection, id);
ALTER TABLE face ADD CONSTRAINT face_pkey PRIMARY KEY (id), ADD CONSTRAINT face_collection_profile_id_fkey
    FOREIGN KEY (collection, profile_id) REFERENCES profile (collection, id);
ALTER TABLE face_crop ADD CONSTRAINT face_crop_face_id_fkey
    FOREIGN KEY (face_id) REFERENCES face (id) ON DELETE CASCADE;
CREATE INDEX face_collection_id_idx ON face (collection, id);
CREATE INDEX face_collection_recognition_model_id_idx ON face (collection, recognition_model, id);
CREATE INDEX face_profile_id_id_idx ON face (profile_id, id);
"""

# Only the new column of face_crop is written: the pictures stay where they are. ALTER TABLE can't join.
_UPGRADE = """
ALTER TABLE face_crop ADD COLUMN number bigint;
UPDATE face_crop SET number = face.number FROM face WHERE face.id = face_crop.face_id;
ALTER TABLE face_crop DROP COLUMN face_id, ALTER COLUMN number SET NOT NULL;
ALTER TABLE face_crop RENAME COLUMN number TO face_id;
ALTER TABLE face_crop ADD CONSTRAINT face_crop_pkey PRIMARY KEY (face_id);
CREATE FUNCTION number_of_profile(uuid) RETURNS bigint LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
    BEGIN RETURN (SELECT number FROM profile WHERE id = $1); END $$;
ALTER TABLE face DROP COLUMN id, ALTER COLUMN profile_id TYPE bigint USING number_of_profile(profile_id);
DROP FUNCTION number_of_profile;
ALTER TABLE profile DROP COLUMN id, DROP CONSTRAINT profile_number_key;
ALTER TABLE profile RENAME COLUMN number TO id;
ALTER TABLE face RENAME COLUMN number TO id;
ALTER TABLE removed_face RENAME COLUMN number TO face_id;
ALTER TABLE profile ALTER COLUMN id SET MAXVALUE 9007199254740991;
ALTER TABLE face ALTER COLUMN id SET MAXVALUE 9007199254740991;
ALTER SEQUENCE profile_number_seq RENAME TO profile_id_seq;
ALTER SEQUENCE face_number_seq RENAME TO face_id_seq;
CREATE TABLE kept_archive (archive text CONSTRAINT kept_archive_pkey PRIMARY KEY);
"""

_DOWNGRADE = """
DROP TABLE kept_archive;
DROP INDEX face_collection_id_idx, face_collection_recognition_model_id_idx, face_profile_id_id_idx;
ALTER TABLE profile DROP CONSTRAINT profile_collection_id_key, DROP CONSTRAINT profile_pkey;
ALTER TABLE face DROP CONSTRAINT face_pkey;
ALTER TABLE removed_face RENAME COLUMN face_id TO number;
"""


def upgrade() -> None:
    execute(_DROP_REFERENCES)
    execute(_UPGRADE)
    execute(_CREATE_REFERENCES)
    _rename_indexes_of_revisions(("number", "number"), ("id", "face_id"))
    _create_removal_functions("face_id", "id")


def downgrade() -> None:
    """The former UUIDs are lost: others, in the same order, take their place."""
    execute(_DROP_REFERENCES)
    execute(_DOWNGRADE)
    for table in ("profile", "face"):
        op.execute(f"ALTER SEQUENCE {table}_id_seq RENAME TO {table}_number_seq")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN id SET MAXVALUE {2**63 - 1}")
        op.alter_column(table, "id", new_column_name="number")
        # Filling it as a generated column fires no trigger.
        op.execute(f"ALTER TABLE {table} ADD COLUMN id uuid GENERATED ALWAYS AS ({_uuid('number')}) STORED")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN id DROP EXPRESSION, ALTER COLUMN id SET NOT NULL")
    for table, column in (("face", "profile_id"), ("face_crop", "face_id")):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE uuid USING {_uuid(column)}")
    op.create_unique_constraint("profile_number_key", "profile", ["number"])
    execute(_CREATE_REFERENCES)
    _rename_indexes_of_revisions(("id", "face_id"), ("number", "number"))
    _create_removal_functions("number", "number")


def _uuid(number: str) -> str:
    return f"CAST(lpad(to_hex({number}), 32, '0') AS uuid)"


def _rename_indexes_of_revisions(old: tuple[str, str], new: tuple[str, str]) -> None:
    """`old` and `new` name the last columns of the indexes on `face` and on `removed_face`."""
    for table, before, after in zip(("face", "removed_face"), old, new, strict=True):
        name = f"{table}_collection_recognition_model_revision"
        op.execute(f"ALTER INDEX {name}_{before}_idx RENAME TO {name}_{after}_idx")


def _create_removal_functions(column: str, id_of_face: str) -> None:
    """The functions of 0003 with other column names."""
    for name, body in (
        ("faces_removed", f"SELECT collection, recognition_model, {id_of_face} FROM gone"),  # noqa: S608 - a name of ours
        ("face_left", f"VALUES (OLD.collection, OLD.recognition_model, OLD.{id_of_face})"),
    ):
        op.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT"
            f" AS $$ BEGIN INSERT INTO removed_face (collection, recognition_model, {column}) {body};"
            " RETURN NULL; END $$"
        )
