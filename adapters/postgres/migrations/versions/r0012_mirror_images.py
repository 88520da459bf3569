"""Another model name for embeddings that `sface` made before it took the mirror image of each face as well.

They can't be converted, and must not be compared with new ones: docs/decisions/0011-thresholds-that-fit.md.
"""

from collections.abc import Iterable, Mapping

from alembic import op

revision = "0012"
down_revision = "0011"

_FORMER = {model: f"{model}@2" for model in ("sface", "sface_int8", "sface_float")}


def upgrade() -> None:
    _rename(_FORMER)
    # These have embeddings of the former kind, or ids of faces that have them; both are made anew.
    for table in ("liveness_session", "gallery_cohort"):
        op.execute(f"DELETE FROM {table} WHERE recognition_model IN ({_listed(_FORMER)})")  # noqa: S608 - names of ours


def downgrade() -> None:
    # Faces that were enrolled since must not be compared with the former ones.
    models = _listed(_FORMER)
    for table in ("liveness_session", "gallery_cohort"):
        op.execute(f"DELETE FROM {table} WHERE recognition_model IN ({models})")  # noqa: S608 - names of ours
    op.execute(f"CREATE TEMP TABLE gone AS SELECT id FROM face WHERE recognition_model IN ({models})")  # noqa: S608 - names of ours
    # A person is deleted with their last face, as always.
    op.execute(
        "CREATE TEMP TABLE left_alone AS SELECT DISTINCT profile_id FROM face WHERE id IN (SELECT id FROM gone)"
    )
    op.execute("DELETE FROM face WHERE id IN (SELECT id FROM gone)")
    op.execute(
        "DELETE FROM profile WHERE id IN (SELECT profile_id FROM left_alone)"
        " AND NOT EXISTS (SELECT FROM face WHERE face.profile_id = profile.id)"
    )
    op.execute("DROP TABLE gone, left_alone")
    _rename({former: model for model, former in _FORMER.items()})


def _listed(models: Iterable[str]) -> str:
    return ", ".join(f"'{model}'" for model in models)


def _rename(names: Mapping[str, str]) -> None:
    for old, new in names.items():
        op.execute(f"UPDATE face SET recognition_model = '{new}' WHERE recognition_model = '{old}'")  # noqa: S608 - names of ours
