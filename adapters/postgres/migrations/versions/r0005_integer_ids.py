"""The numbers of people and faces, which 0003 added, become their ids (docs/decisions/0012-integer-ids.md).

`face` is rewritten once, so that it needs twice its space for a while. Its revisions stay, so that saved indexes can
still be used.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None

_GREATEST = 2**53 - 1


def upgrade() -> None:
    # Stored answers have the old ids.
    op.execute("DELETE FROM idempotency")
    _drop_references()

    # Only the new column is written: the pictures stay where they are.
    op.execute("ALTER TABLE face_crop ADD COLUMN number bigint")
    op.execute("UPDATE face_crop SET number = face.number FROM face WHERE face.id = face_crop.face_id")
    op.drop_column("face_crop", "face_id")
    op.alter_column("face_crop", "number", new_column_name="face_id", nullable=False)
    op.create_primary_key("face_crop_pkey", "face_crop", ["face_id"])

    # ALTER TABLE can't join.
    op.execute(
        "CREATE FUNCTION number_of_profile(uuid) RETURNS bigint LANGUAGE plpgsql STABLE SET search_path FROM CURRENT"
        " AS $$ BEGIN RETURN (SELECT number FROM profile WHERE id = $1); END $$"
    )
    op.execute(
        "ALTER TABLE face DROP COLUMN id, ALTER COLUMN profile_id TYPE bigint USING number_of_profile(profile_id)"
    )
    op.execute("DROP FUNCTION number_of_profile")

    op.drop_column("profile", "id")
    op.drop_constraint("profile_number_key", "profile")
    for table in ("profile", "face"):
        op.alter_column(table, "number", new_column_name="id")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN id SET MAXVALUE {_GREATEST}")
        op.execute(f"ALTER SEQUENCE {table}_number_seq RENAME TO {table}_id_seq")
    op.alter_column("removed_face", "number", new_column_name="face_id")
    _create_indexes_of_ids()
    _rename_indexes_of_revisions(("number", "number"), ("id", "face_id"))
    _create_references()
    _create_removal_triggers("face_id", "id")

    op.create_table("kept_archive", sa.Column("archive", sa.Text, primary_key=True))


def downgrade() -> None:
    """The former UUIDs are lost: others, in the same order, take their place."""
    op.execute("DELETE FROM idempotency")
    op.drop_table("kept_archive")
    _drop_references()
    _drop_indexes_of_ids()
    for table in ("profile", "face"):
        op.execute(f"ALTER SEQUENCE {table}_id_seq RENAME TO {table}_number_seq")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN id SET MAXVALUE {2**63 - 1}")
        op.alter_column(table, "id", new_column_name="number")
        # Filling it as a generated column fires no trigger.
        op.execute(f"ALTER TABLE {table} ADD COLUMN id uuid GENERATED ALWAYS AS ({_uuid('number')}) STORED")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN id DROP EXPRESSION, ALTER COLUMN id SET NOT NULL")
    for table, column in (("face", "profile_id"), ("face_crop", "face_id")):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE uuid USING {_uuid(column)}")
    op.alter_column("removed_face", "face_id", new_column_name="number")
    op.create_unique_constraint("profile_number_key", "profile", ["number"])
    _create_indexes_of_ids()
    _rename_indexes_of_revisions(("id", "face_id"), ("number", "number"))
    _create_references()
    _create_removal_triggers("number", "number")


def _uuid(number: str) -> str:
    return f"CAST(lpad(to_hex({number}), 32, '0') AS uuid)"


def _drop_references() -> None:
    op.drop_constraint("face_crop_face_id_fkey", "face_crop")
    op.drop_constraint("face_collection_profile_id_fkey", "face")


def _create_references() -> None:
    op.create_foreign_key(
        "face_collection_profile_id_fkey",
        "face",
        "profile",
        ["collection", "profile_id"],
        ["collection", "id"],
    )
    op.create_foreign_key(
        "face_crop_face_id_fkey", "face_crop", "face", ["face_id"], ["id"], ondelete="CASCADE"
    )


_INDEXES_OF_FACES = {
    "face_collection_id_idx": ["collection", "id"],
    "face_collection_recognition_model_id_idx": ["collection", "recognition_model", "id"],
    "face_profile_id_id_idx": ["profile_id", "id"],
}


def _create_indexes_of_ids() -> None:
    for table in ("profile", "face"):
        op.create_primary_key(f"{table}_pkey", table, ["id"])
    op.create_unique_constraint("profile_collection_id_key", "profile", ["collection", "id"])
    for name, columns in _INDEXES_OF_FACES.items():
        op.create_index(name, "face", columns)


def _drop_indexes_of_ids() -> None:
    for name in _INDEXES_OF_FACES:
        op.drop_index(name, "face")
    op.drop_constraint("profile_collection_id_key", "profile")
    for table in ("profile", "face"):
        op.drop_constraint(f"{table}_pkey", table)


def _rename_indexes_of_revisions(old: tuple[str, str], new: tuple[str, str]) -> None:
    """`old` and `new` name the last columns of the indexes on `face` and on `removed_face`."""
    for table, before, after in zip(("face", "removed_face"), old, new, strict=True):
        name = f"{table}_collection_recognition_model_revision"
        op.execute(f"ALTER INDEX {name}_{before}_idx RENAME TO {name}_{after}_idx")


def _create_removal_triggers(column: str, id_of_face: str) -> None:
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
