"""Crops that a recognition model hasn't embedded yet.

A photo has several faces if several models embedded it; the first that has a crop stands for them.
"""

import sqlalchemy as sa
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres.statements.common import GALLERIES, selecting
from domain.people import FaceId, ProfileId

_SAME_PHOTO = """one.profile_id = face.profile_id AND one.detection_model = face.detection_model
        AND one.digest = face.digest"""
_TO_DO = f"""face.collection = :within AND face.recognition_model <> :model AND NOT EXISTS (
        SELECT FROM face AS one WHERE {_SAME_PHOTO} AND one.recognition_model = :model
    )"""
_OTHER_CROP = f"""SELECT FROM face AS one JOIN face_crop AS its ON its.face_id = one.id
        WHERE {_SAME_PHOTO} AND one.recognition_model <> :model"""
_FIRST = f"""{_TO_DO} AND face.digest IS NOT NULL AND NOT EXISTS (
        {_OTHER_CROP} AND one.id < face.id
    )"""

PENDING: TypedReturnsRows[int] = selecting(
    f"SELECT count(*) AS crops FROM face JOIN face_crop ON face_crop.face_id = face.id WHERE {_FIRST}",
    crops=sa.BigInteger,
)
WITHOUT_CROP: TypedReturnsRows[int] = selecting(
    f"""
    SELECT count(*) AS faces FROM face LEFT JOIN face_crop ON face_crop.face_id = face.id
    WHERE {_TO_DO} AND (face_crop.face_id IS NULL AND NOT EXISTS ({_OTHER_CROP}) OR face.digest IS NULL)
    """,
    faces=sa.BigInteger,
)

PAGE: TypedReturnsRows[FaceId, ProfileId, str, str, str, str, bytes, bytes] = selecting(
    f"""
    SELECT face.id, face.profile_id, profile.name, face.recognition_model, face.detection_model, face.collection,
        face.digest, coalesce(face_crop.sealed, face_crop.image) AS crop
    FROM face JOIN profile ON profile.id = face.profile_id JOIN face_crop ON face_crop.face_id = face.id
    WHERE {_FIRST} AND face.id > :after ORDER BY face.id LIMIT :limit
    """,
    id=sa.BigInteger,
    profile_id=sa.BigInteger,
    name=sa.Text,
    recognition_model=sa.Text,
    detection_model=sa.Text,
    collection=sa.Text,
    digest=sa.LargeBinary,
    crop=sa.LargeBinary,
)
"""The fields of Face, digest and crop, by ascending id of the faces."""

MODELS: TypedReturnsRows[str] = selecting(
    f"WITH {GALLERIES} SELECT DISTINCT recognition_model AS model FROM gallery", model=sa.Text
)

LEFT_BEHIND: TypedReturnsRows[int, int] = selecting(
    f"""
    WITH {GALLERIES}
    SELECT count(face_crop.face_id) AS with_crop, count(*) AS faces
    FROM gallery JOIN face USING (collection, recognition_model) LEFT JOIN face_crop ON face_crop.face_id = face.id
    WHERE recognition_model = :former AND NOT EXISTS (
        SELECT FROM face AS done WHERE done.profile_id = face.profile_id AND done.recognition_model = :model
    )
    """,
    with_crop=sa.BigInteger,
    faces=sa.BigInteger,
)
"""Faces with a crop, and all."""
