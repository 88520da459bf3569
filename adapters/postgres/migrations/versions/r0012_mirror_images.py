"""Another model name for embeddings that `sface` made before it took the mirror image of each face as well.

They can't be converted, and must not be compared with new ones: docs/decisions/0011-thresholds-that-fit.md.
"""

from adapters.postgres.migrations import execute

revision = "0012"
down_revision = "0011"

# Sessions and cohorts have embeddings of the former kind, or ids of faces that have them; both are made anew.
_UPGRADE = """
UPDATE face SET recognition_model = recognition_model || '@2'
    WHERE recognition_model IN ('sface', 'sface_int8', 'sface_float');
DELETE FROM liveness_session WHERE recognition_model IN ('sface', 'sface_int8', 'sface_float');
DELETE FROM gallery_cohort WHERE recognition_model IN ('sface', 'sface_int8', 'sface_float');
"""


def upgrade() -> None:
    execute(_UPGRADE)
