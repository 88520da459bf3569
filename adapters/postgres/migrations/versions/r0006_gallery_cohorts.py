"""Cohorts: the ids of the faces by which the scores of a gallery are normalised (domain/impostors.py)."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE gallery_cohort ("
        ' collection text COLLATE "C" NOT NULL,'
        ' recognition_model text COLLATE "C" NOT NULL,'
        " people bigint NOT NULL,"
        " faces bigint[] NOT NULL,"
        " version bigint NOT NULL GENERATED ALWAYS AS IDENTITY,"
        " drawn_at timestamptz NOT NULL DEFAULT now(),"
        " CONSTRAINT gallery_cohort_pkey PRIMARY KEY (collection, recognition_model),"
        " CONSTRAINT gallery_cohort_collection_fkey FOREIGN KEY (collection) REFERENCES collection (name)"
        " ON DELETE CASCADE)"
    )
