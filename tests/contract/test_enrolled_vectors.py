"""What EnrolledVectors promises, of each adapter."""

import numpy as np
import pytest

from application.ports.change_feed import GalleryKey
from application.ports.enrolled_vectors import EnrolledVectors, FaceTable
from application.ports.faces import NewFace
from domain.faces import Embedding
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import LARGE, NOBODY, SMALL, enrol, random_embedding
from tests.contract.storage import Storage

GALLERY = GalleryKey(DEFAULT, SMALL, 16)


def of(number: int, model: str = SMALL) -> Embedding:
    return random_embedding(number, 16, model)


@pytest.fixture
def vectors(storage: Storage) -> EnrolledVectors:
    return storage.vectors


async def people(storage: Storage) -> list[tuple[int, int]]:
    """Two people whose faces came by turns, and a third; each pair is a person and a face, in the order of pages."""
    enrolled = await enrol(
        storage.faces, *((name, of(i)) for i, name in enumerate(["b", "a", "b", "a", "c"]))
    )
    await enrol(storage.faces, ("b", of(9, LARGE)), ("elsewhere", of(8, LARGE)))
    return sorted((face.profile_id, face.id) for face in enrolled)


def places(table: FaceTable) -> list[tuple[int, int]]:
    return list(zip(table.person_ids.tolist(), table.face_ids.tolist(), strict=True))


async def test_pages_are_in_the_order_of_people_and_go_on(storage: Storage, vectors: EnrolledVectors) -> None:
    expected = await people(storage)
    assert await vectors.count(GALLERY) == len(expected)
    first = await vectors.page(GALLERY, 2)
    second = await vectors.page(GALLERY, 2, first.last)
    third = await vectors.page(GALLERY, 2, second.last)
    assert [places(page) for page in (first, second, third)] == [expected[:2], expected[2:4], expected[4:]]
    assert len(await vectors.page(GALLERY, 2, third.last)) == 0


async def test_faces_come_with_their_vectors_and_norms(storage: Storage, vectors: EnrolledVectors) -> None:
    vector = of(1).vector
    await storage.faces.add(NewFace(DEFAULT, "a", Embedding(vector, SMALL, 11.5), "detector"))
    await storage.faces.add(NewFace(DEFAULT, "a", of(2), "detector"))
    table = await vectors.page(GALLERY, 10)
    assert table.vectors.dtype == np.float32
    assert table.vectors.tolist() == [vector.tolist(), of(2).vector.tolist()]
    assert table.norms[0] == pytest.approx(11.5)
    assert np.isnan(table.norms[1])


async def test_the_first_faces_of_some_people(storage: Storage, vectors: EnrolledVectors) -> None:
    expected = await people(storage)
    (b, _), *_, (c, _) = expected
    found = await vectors.of_people(GALLERY, [c, b, c, NOBODY], 1)  # type: ignore[list-item]
    assert places(found) == [expected[0], expected[-1]]


async def test_people_are_named(storage: Storage, vectors: EnrolledVectors) -> None:
    (b, _), *_ = await people(storage)
    profiles = await vectors.profiles(DEFAULT, [b, NOBODY])  # type: ignore[list-item]
    assert [(each.id, each.name, each.faces) for each in profiles.values()] == [(b, "b", 3)]
    assert await vectors.profiles("nowhere", [b]) == {}  # type: ignore[list-item]


@pytest.mark.parametrize(
    "gallery",
    [
        GalleryKey("nowhere", SMALL, 16),
        GalleryKey(DEFAULT, "no such model", 16),
        GalleryKey("nul\0", SMALL, 16),
        GalleryKey(DEFAULT, SMALL, 0),
    ],
)
async def test_nothing_is_where_nobody_is_enrolled(
    storage: Storage, vectors: EnrolledVectors, gallery: GalleryKey
) -> None:
    await people(storage)
    assert len(await vectors.page(gallery, 10)) == 0
    assert len(await vectors.of_people(gallery, [NOBODY], 10)) == 0
