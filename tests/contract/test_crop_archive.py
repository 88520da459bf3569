"""What CropArchive promises, of each adapter."""

import dataclasses

from application.ports.crops import Backlog
from application.ports.faces import NewFace
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import LARGE, SMALL, at, enrol, photo_of, random_embedding
from tests.contract.storage import Storage


def with_crop(name: str, photo: str, model: str = SMALL) -> NewFace:
    return dataclasses.replace(photo_of(name, at(0, model), photo), crop=f"crop of {photo}".encode())


async def test_crops_of_other_models_are_pending(storage: Storage) -> None:
    one = dataclasses.replace(photo_of("Ann", at(0), "one"), crop=b"\0pixels")
    face = (await storage.faces.add(one)).face
    (kept,) = await storage.crops.pending(DEFAULT, LARGE, 10)
    assert (kept.face, kept.digest, kept.image) == (face, b"one".ljust(32), b"\0pixels")
    assert await storage.crops.backlog(DEFAULT, LARGE) == Backlog(pending=1, without_crop=0)


async def test_a_models_own_faces_are_done(storage: Storage) -> None:
    await storage.faces.add(with_crop("Ann", "one"))
    await storage.faces.add(photo_of("Ann", at(1), "two"))
    assert await storage.crops.pending(DEFAULT, SMALL, 10) == []
    assert await storage.crops.backlog(DEFAULT, SMALL) == Backlog(0, 0)


async def test_what_the_model_has_embedded_is_done(storage: Storage) -> None:
    await storage.faces.add(with_crop("Ann", "one"))
    await storage.faces.add(photo_of("Ann", random_embedding(1), "one"))
    assert await storage.crops.backlog(DEFAULT, LARGE) == Backlog(0, 0)
    assert await storage.crops.pending(DEFAULT, LARGE, 10) == []


async def test_the_same_photo_of_another_person_or_detector_is_not_done(storage: Storage) -> None:
    await storage.faces.add(with_crop("Ann", "one"))
    await storage.faces.add(photo_of("Bob", random_embedding(1), "one"))
    other = dataclasses.replace(photo_of("Ann", random_embedding(1), "one"), detection_model="other")
    await storage.faces.add(other)
    assert await storage.crops.backlog(DEFAULT, LARGE) == Backlog(1, 0)


async def test_faces_without_a_crop_are_counted(storage: Storage) -> None:
    await storage.faces.add(photo_of("Ann", at(0), "one"))
    await enrol(storage.faces, ("Ann", at(1)))
    assert await storage.crops.backlog(DEFAULT, LARGE) == Backlog(pending=0, without_crop=2)
    assert await storage.crops.pending(DEFAULT, LARGE, 10) == []


async def test_one_crop_a_photo(storage: Storage) -> None:
    for model in (SMALL, "third", "fourth"):
        crop = None if model == SMALL else b"crop"
        await storage.faces.add(dataclasses.replace(photo_of("Ann", at(0, model), "one"), crop=crop))
    (kept,) = await storage.crops.pending(DEFAULT, LARGE, 10)
    assert kept.face.recognition_model == "third"
    assert await storage.crops.pending(DEFAULT, LARGE, 10, kept.face.id) == []
    assert await storage.crops.backlog(DEFAULT, LARGE) == Backlog(pending=1, without_crop=0)


async def test_pages(storage: Storage) -> None:
    faces = [(await storage.faces.add(with_crop("Ann", str(i)))).face for i in range(5)]
    first = await storage.crops.pending(DEFAULT, LARGE, 2)
    rest = await storage.crops.pending(DEFAULT, LARGE, 10, first[-1].face.id)
    assert [kept.face for kept in (*first, *rest)] == faces


async def test_of_one_collection(storage: Storage) -> None:
    await storage.collections.create("other")
    await storage.faces.add(with_crop("Ann", "one"))
    assert await storage.crops.pending("other", LARGE, 10) == []
    assert await storage.crops.backlog("nowhere", LARGE) == Backlog(0, 0)


async def test_a_crop_goes_with_its_face(storage: Storage) -> None:
    face = (await storage.faces.add(with_crop("Ann", "one"))).face
    await storage.faces.delete(DEFAULT, face.id)
    assert await storage.crops.pending(DEFAULT, LARGE, 10) == []
    assert await storage.crops.backlog(DEFAULT, LARGE) == Backlog(0, 0)


async def test_models_of_enrolled_faces(storage: Storage) -> None:
    assert await storage.crops.models() == set()
    await storage.collections.create("other")
    await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(1)), ("Ann", random_embedding(1)))
    await enrol(storage.faces, ("Cem", at(0, "third")), ("Cem", at(0)), collection="other")
    assert await storage.crops.models() == {SMALL, LARGE, "third"}


async def test_faces_whose_people_a_model_has_left_behind(storage: Storage) -> None:
    await storage.collections.create("other")
    await storage.faces.add(with_crop("Ann", "one"))
    await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(1)), ("Cem", at(2, "third")))
    await enrol(storage.faces, ("Ann", at(0)), collection="other")
    assert await storage.crops.left_behind(SMALL, LARGE) == Backlog(pending=1, without_crop=3)
    await enrol(storage.faces, ("Ann", random_embedding(1)))
    assert await storage.crops.left_behind(SMALL, LARGE) == Backlog(pending=0, without_crop=2)
    assert await storage.crops.left_behind("fourth", LARGE) == Backlog(0, 0)
