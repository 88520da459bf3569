"""The norm of each embedding, and another model name for embeddings that `sface` made before.

Earlier embeddings were centred on four times the mean of the training vectors. Without their norms they can't be
converted, and must not be compared with new ones: docs/decisions/0011-thresholds-that-fit.md.
"""

from alembic import op

revision = "0007"
down_revision = "0006"

_MODELS = ("sface", "sface_int8", "sface_float")


def upgrade() -> None:
    op.execute("ALTER TABLE face ADD COLUMN embedding_norm real")
    _rename({model: f"{model}@1" for model in _MODELS})


def downgrade() -> None:
    # Faces that were enrolled since must not be compared with the earlier ones.
    models = ", ".join(f"'{model}'" for model in _MODELS)
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
    _rename({f"{model}@1": model for model in _MODELS})
    op.drop_column("face", "embedding_norm")


def _rename(names: dict[str, str]) -> None:
    for old, new in names.items():
        op.execute(f"UPDATE face SET recognition_model = '{new}' WHERE recognition_model = '{old}'")  # noqa: S608 - names of ours
