"""The numbers of people and faces, which 0003 added, become their ids (docs/decisions/0012-integer-ids.md).

`face` is rewritten once, so that it needs twice its space for a while. Its revisions stay, so that saved indexes can
still be used.
"""

from adapters.postgres.migrations import execute

revision = "0005"
down_revision = "0003"

_UPGRADE = """
-- Stored answers have the old ids.
DELETE FROM idempotency;
ALTER TABLE face_crop DROP CONSTRAINT face_crop_face_id_fkey;
ALTER TABLE face DROP CONSTRAINT face_collection_profile_id_fkey;
-- Only the new column of face_crop is written: the pictures stay where they are. ALTER TABLE can't join.
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
ALTER TABLE profile ADD CONSTRAINT profile_pkey PRIMARY KEY (id),
    ADD CONSTRAINT profile_collection_id_key UNIQUE (collection, id);
ALTER TABLE face ADD CONSTRAINT face_pkey PRIMARY KEY (id), ADD CONSTRAINT face_collection_profile_id_fkey
    FOREIGN KEY (collection, profile_id) REFERENCES profile (collection, id);
ALTER TABLE face_crop ADD CONSTRAINT face_crop_face_id_fkey
    FOREIGN KEY (face_id) REFERENCES face (id) ON DELETE CASCADE;
CREATE INDEX face_collection_id_idx ON face (collection, id);
CREATE INDEX face_collection_recognition_model_id_idx ON face (collection, recognition_model, id);
CREATE INDEX face_profile_id_id_idx ON face (profile_id, id);
-- Those of 0003 with the new names.
ALTER INDEX face_collection_recognition_model_revision_number_idx
    RENAME TO face_collection_recognition_model_revision_id_idx;
ALTER INDEX removed_face_collection_recognition_model_revision_number_idx
    RENAME TO removed_face_collection_recognition_model_revision_face_id_idx;
CREATE OR REPLACE FUNCTION faces_removed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN INSERT INTO removed_face (collection, recognition_model, face_id)
    SELECT collection, recognition_model, id FROM gone; RETURN NULL; END $$;
CREATE OR REPLACE FUNCTION face_left() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN INSERT INTO removed_face (collection, recognition_model, face_id)
    VALUES (OLD.collection, OLD.recognition_model, OLD.id); RETURN NULL; END $$;
"""


def upgrade() -> None:
    execute(_UPGRADE)
