"""The changes of a gallery since any moment, so that indexes in memory can follow the database."""

from adapters.postgres.migrations import execute

revision = "0003"
down_revision = "0002"

# Whether a row is visible in a snapshot is decided by its revision, a transaction id that clients must not choose.
# The numbers identify people and faces; none is used twice.
_TABLES = """
ALTER TABLE profile ADD COLUMN number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    ADD CONSTRAINT profile_number_key UNIQUE (number);
ALTER TABLE face ADD COLUMN number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN revision xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX face_collection_recognition_model_revision_number_idx
    ON face (collection, recognition_model, revision, number);
CREATE TABLE removed_face (
    collection text COLLATE "C" NOT NULL,
    recognition_model text COLLATE "C" NOT NULL,
    revision xid8 NOT NULL DEFAULT pg_current_xact_id(),
    number bigint NOT NULL,
    removed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX removed_face_collection_recognition_model_revision_number_idx
    ON removed_face (collection, recognition_model, revision, number);
"""

# The program never renames a collection, but an operator may. TRUNCATE fires no trigger that could record faces.
_TRIGGERS = """
CREATE OR REPLACE FUNCTION face_revised() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.revision := pg_current_xact_id(); RETURN NEW; END $$;
CREATE TRIGGER face_revised BEFORE INSERT OR UPDATE ON face FOR EACH ROW EXECUTE FUNCTION face_revised();
CREATE OR REPLACE FUNCTION faces_removed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN INSERT INTO removed_face (collection, recognition_model, number)
    SELECT collection, recognition_model, number FROM gone; RETURN NULL; END $$;
CREATE TRIGGER faces_removed AFTER DELETE ON face REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION faces_removed();
CREATE OR REPLACE FUNCTION face_left() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN INSERT INTO removed_face (collection, recognition_model, number)
    VALUES (OLD.collection, OLD.recognition_model, OLD.number); RETURN NULL; END $$;
CREATE TRIGGER face_left AFTER UPDATE OF collection, recognition_model ON face FOR EACH ROW
    WHEN ((OLD.collection, OLD.recognition_model) IS DISTINCT FROM (NEW.collection, NEW.recognition_model))
    EXECUTE FUNCTION face_left();
CREATE OR REPLACE FUNCTION faces_not_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'use DELETE: indexes of faces do not learn of TRUNCATE'; END $$;
CREATE TRIGGER faces_not_truncated BEFORE TRUNCATE ON face
    FOR EACH STATEMENT EXECUTE FUNCTION faces_not_truncated();
"""


def upgrade() -> None:
    execute(_TABLES)
    execute(_TRIGGERS)
