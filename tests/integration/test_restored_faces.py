"""Faces of an archive come into the table as they were in the archive, also where COPY can't be used."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.archive import PgVectorArchive
from adapters.postgres.migrations import migrate
from application.ports.archive import FaceToRestore, PersonToRestore, Restored
from domain.errors import InvalidInput
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import ProfileId

ANN, BOB = ProfileId(1), ProfileId(2)
LONG_AGO = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
ELSEWHERE = datetime(2026, 2, 3, 4, 5, 6, 7, tzinfo=timezone(timedelta(hours=5, minutes=45)))


@pytest.fixture
async def archive(engine: AsyncEngine) -> PgVectorArchive:
    """With two people."""
    await migrate(engine)
    archive = PgVectorArchive(engine)
    people = [PersonToRestore(ANN, "Ann", {}), PersonToRestore(BOB, "Bob", {})]
    await archive.restore_people(DEFAULT, people, keep_ids=True)
    return archive


def face(number: int, dimensions: int = 8) -> FaceToRestore:
    """Of everybody another."""
    vector = Embedding.of(np.random.default_rng(number).standard_normal(dimensions), "tiny").vector
    return FaceToRestore(number, ANN, "yunet", Embedding(vector, "tiny", 10.25), b"photo %d" % number, None)


FACES = [
    dataclasses.replace(face(1), created_at=LONG_AGO, crop=b"pixels"),
    dataclasses.replace(face(2), created_at=ELSEWHERE, digest=None, detection_model="détecteur"),
    dataclasses.replace(face(3), embedding=Embedding(face(3).embedding.vector, "tiny")),
]


async def contents(archive: PgVectorArchive) -> list[tuple[object, ...]]:
    """What is stored."""
    return [
        (
            each.face.id,
            each.face.profile_id,
            each.face.detection_model,
            each.embedding.model,
            each.embedding.vector.tobytes(),
            each.embedding.norm,
            each.digest,
            each.crop,
            each.created_at,
        )
        for each in await archive.faces(DEFAULT, 10)
    ]


def content(face: FaceToRestore, owner: int, now: datetime) -> tuple[object, ...]:
    """What is expected there."""
    embedding = face.embedding
    vector = embedding.vector.tobytes()
    rest = (face.digest, face.crop, face.created_at or now)
    return face.id, owner, face.detection_model, embedding.model, vector, embedding.norm, *rest


@pytest.mark.parametrize("beside", [False, True], ids=["all at once", "beside one whose id is taken twice"])
async def test_everything_is_kept(archive: PgVectorArchive, beside: bool) -> None:  # noqa: FBT001
    before = datetime.now(UTC)
    faces = [*FACES, *([dataclasses.replace(face(4), id=1)] if beside else [])]
    restored = await archive.restore_faces(DEFAULT, faces, [ANN, BOB, ANN, ANN][: len(faces)], keep_ids=True)
    assert restored[:3] == [Restored(number, created=True) for number in (1, 2, 3)]
    assert [each.created for each in restored[3:]] == [False] * beside
    found = await contents(archive)
    now = found[2][-1]
    assert isinstance(now, datetime)
    assert abs(now - before) < timedelta(minutes=1)
    assert found == [content(each, owner, now) for each, owner in zip(FACES, (ANN, BOB, ANN), strict=True)]


async def test_a_text_that_can_not_be_stored_changes_nothing(archive: PgVectorArchive) -> None:
    faces = [face(1), dataclasses.replace(face(2), detection_model="\0")]
    with pytest.raises(InvalidInput):
        await archive.restore_faces(DEFAULT, faces, [ANN, ANN], keep_ids=True)
    assert await contents(archive) == []
    assert (await archive.restore_faces(DEFAULT, faces[:1], [ANN], keep_ids=True))[0].created
