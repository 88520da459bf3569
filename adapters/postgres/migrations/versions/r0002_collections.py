"""Collections, metadata of people, digests of photos, crops, and idempotency keys."""

from adapters.postgres.migrations import execute

revision = "0002"
down_revision = "0001"

_UPGRADE = """
CREATE TABLE collection (
    name text COLLATE "C" CONSTRAINT collection_pkey PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO collection (name) VALUES ('default');

ALTER TABLE profile ADD COLUMN collection text COLLATE "C" NOT NULL DEFAULT 'default',
    ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}'::jsonb;
ALTER TABLE profile ALTER COLUMN collection DROP DEFAULT,
    DROP CONSTRAINT profile_name_key,
    ADD CONSTRAINT profile_collection_name_key UNIQUE (collection, name),
    ADD CONSTRAINT profile_collection_id_key UNIQUE (collection, id),
    ADD CONSTRAINT profile_collection_fkey FOREIGN KEY (collection) REFERENCES collection (name);
CREATE INDEX profile_metadata_idx ON profile USING gin (metadata jsonb_path_ops);

ALTER TABLE face ADD COLUMN collection text COLLATE "C" NOT NULL DEFAULT 'default', ADD COLUMN digest bytea;
ALTER TABLE face ALTER COLUMN collection DROP DEFAULT,
    DROP CONSTRAINT face_profile_id_fkey,
    ADD CONSTRAINT face_collection_profile_id_fkey
        FOREIGN KEY (collection, profile_id) REFERENCES profile (collection, id);
DROP INDEX face_recognition_model_id_idx;
CREATE INDEX face_collection_id_idx ON face (collection, id);
CREATE INDEX face_collection_recognition_model_id_idx ON face (collection, recognition_model, id);
CREATE INDEX face_collection_recognition_model_profile_id_idx ON face (collection, recognition_model, profile_id);
CREATE UNIQUE INDEX face_digest_key ON face (profile_id, recognition_model, detection_model, digest)
    WHERE digest IS NOT NULL;
-- Counting people is an index-only scan where the table was vacuumed: after 2% of new faces, not 20%.
ALTER TABLE face SET (autovacuum_vacuum_insert_scale_factor = 0.02);

CREATE TABLE face_crop (
    face_id uuid CONSTRAINT face_crop_pkey PRIMARY KEY
        CONSTRAINT face_crop_face_id_fkey REFERENCES face (id) ON DELETE CASCADE,
    image bytea NOT NULL
);
CREATE TABLE idempotency (
    key text COLLATE "C" CONSTRAINT idempotency_pkey PRIMARY KEY,
    fingerprint bytea NOT NULL,
    begun_at timestamptz NOT NULL DEFAULT now(),
    status smallint,
    body bytea
);
CREATE INDEX idempotency_begun_at_idx ON idempotency (begun_at);
"""


def upgrade() -> None:
    execute(_UPGRADE)
