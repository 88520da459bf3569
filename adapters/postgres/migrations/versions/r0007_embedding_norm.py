"""The length of each embedding's vector, and another name for embeddings of `sface` that were made before.

They were directions from four times the mean of the vectors in training. Without the vectors' lengths they can't be
turned into what `sface` makes now, and the two must not meet: docs/decisions/0011-thresholds-that-fit.md.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MODELS = ("sface", "sface_int8", "sface_float")


def upgrade() -> None:
    op.execute("ALTER TABLE face ADD COLUMN embedding_norm real")
    _rename({model: f"{model}@1" for model in _MODELS})


def downgrade() -> None:
    # What was enrolled in the meantime would meet the others.
    models = ", ".join(f"'{model}'" for model in _MODELS)
    op.execute(f"CREATE TEMP TABLE gone AS SELECT id FROM face WHERE recognition_model IN ({models})")  # noqa: S608 - names of ours
    # Whoever has no other face goes with their last one, as always.
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
        op.execute(f"UPDATE face SET recognition_model = '{new}' WHERE recognition_model = '{old}'")  # noqa: S608
