"""The ids of what is imported: kept where nobody was, given anew elsewhere."""

import dataclasses
from pathlib import Path
from uuid import UUID

import pytest

from adapters.files.archive.format import VERSION
from adapters.files.archive.reader import reading
from application.bulk import export
from application.bulk.errors import BulkError
from application.bulk.restore import ImportPeople, NewId
from application.ports.archive import ArchiveId
from application.ports.faces import FaceFilter, NewFace
from application.ports.people import ProfileFilter
from tests.contract.enrolment import new as enrolled
from tests.unit.adapters.files.archive.test_archive_files import with_manifest
from tests.unit.fakes import InlineWorkers
from tests.unit.former_archives import FormerCollection, FormerFace, write_former_archive
from tests.unit.instances import Instance, Models, embedding

ANN, BOB, CEM = (UUID(int=n << 80) for n in (3, 1, 2))
FACES = [UUID(int=n << 70) for n in range(1, 6)]


@pytest.fixture
async def old(monkeypatch: pytest.MonkeyPatch) -> Instance:
    """People in two collections, in pages of two."""
    monkeypatch.setattr(export, "PAGE", 2)
    monkeypatch.setattr(export, "PAGE_WITH_CROPS", 2)
    instance = Instance()
    await instance.populate()
    return instance


@pytest.fixture
async def file(old: Instance, tmp_path: Path) -> Path:
    await old.export(tmp_path / "people.zip")
    return tmp_path / "people.zip"


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """Of format 1: two collections, four faces of three people, of whom one has none."""
    path = tmp_path / "former.zip"
    write_former_archive(
        path,
        FormerCollection(
            "default",
            {BOB: "Bob", ANN: "Ann"},
            [
                FormerFace(FACES[0], ANN, embedding(1), digest=b"1" * 32, crop=b"crop"),
                FormerFace(FACES[1], ANN, embedding(2)),
                FormerFace(FACES[2], ANN, embedding(3, 4, "hue"), digest=b"1" * 32),
            ],
        ),
        FormerCollection("staff", {CEM: "Ann"}, [FormerFace(FACES[3], CEM, embedding(4), "other")]),
    )
    return path


async def imported(instance: Instance, path: Path) -> tuple[int, int, list[NewId]]:
    """The new people, the new faces, and all new ids."""
    done = await instance.restored(path)
    return done[-1].new_people, done[-1].new_faces, [each for step in done for each in step.new_ids]


async def contents(instance: Instance) -> set[tuple[object, ...]]:
    """What is enrolled, but for ids."""
    return {
        (collection.name, each.face.name, each.embedding.vector.tobytes(), each.digest, each.crop)
        for collection in await instance.collections.list(10)
        for each in await instance.archive.faces(collection.name, 100)
    }


async def names(instance: Instance) -> dict[tuple[str, str, ArchiveId], str]:
    """Of people and faces, by collection, kind and id."""
    told: dict[tuple[str, str, ArchiveId], str] = {}
    for collection in await instance.collections.list(10):
        people = await instance.profiles.list(ProfileFilter(collection.name), 100)
        faces = await instance.faces.list(FaceFilter(collection.name), 100)
        told |= {(collection.name, "person", person.id): person.name for person in people}
        told |= {(collection.name, "face", face.id): face.name for face in faces}
    return told


async def test_ids_are_kept_where_nobody_was_and_later_ones_are_behind_them(
    old: Instance, file: Path
) -> None:
    new = Instance()
    await new.collections.create("empty")
    assert await imported(new, file) == (5, 7, [])
    assert await new.everything() == await old.everything()
    face = (await new.faces.add(NewFace("default", "Late", embedding(9), "detector"))).face
    assert (face.id, face.profile_id) == (8, 6)


async def test_elsewhere_ids_are_given_anew_and_told(old: Instance, file: Path) -> None:
    new = Instance()
    new.store.reserve_ids(100, 100)
    zoe = (await new.faces.add(NewFace("default", "Zoe", embedding(50), "detector"))).face
    people, faces, ids = await imported(new, file)
    assert (people, faces) == (5, 7)
    assert len(ids) == 12
    was, now = await names(old), await names(new)
    for each in ids:
        assert now[each.collection, each.kind, each.new] == was[each.collection, each.kind, each.old]
    assert await new.faces.get("default", zoe.id) == zoe
    assert await contents(new) > await contents(old)


async def test_people_are_found_by_name_and_faces_by_content(old: Instance, file: Path) -> None:
    new = Instance()
    person = await new.profiles.create("default", "P1", {"own": True})
    people, faces, ids = await imported(new, file)
    assert (people, faces) == (4, 7)
    assert [each.new for each in ids if each.kind == "person" and each.new == person.id] == [person.id]
    now = await new.profiles.get("default", person.id)
    assert now == dataclasses.replace(person, faces=2)
    assert (await imported(new, file))[:2] == (0, 0)
    assert await contents(new) == await contents(old)


async def test_the_second_import_of_kept_ids_adds_nothing_though_somebody_came(file: Path) -> None:
    new = Instance()
    await imported(new, file)
    await new.faces.add(NewFace("default", "Late", embedding(9), "detector"))
    assert await imported(new, file) == (0, 0, [])


async def test_ids_that_leave_no_room_are_not_kept(old: Instance, tmp_path: Path) -> None:
    old.store.reserve_ids(2**52, 2**52)
    await old.faces.add(NewFace("default", "Late", embedding(9), "detector"))
    await old.export(tmp_path / "people.zip")
    assert len((await imported(Instance(), tmp_path / "people.zip"))[2]) > 0


class TestFormerArchives:
    async def test_are_read_and_ids_given_anew(self, former: Path) -> None:
        new = Instance()
        people, faces, ids = await imported(new, former)
        assert (people, faces) == (3, 4)
        assert [(each.collection, each.kind, each.old, each.new) for each in ids] == [
            ("default", "person", BOB, 1),
            ("default", "person", ANN, 2),
            ("default", "face", FACES[0], 1),
            ("default", "face", FACES[1], 2),
            ("default", "face", FACES[2], 3),
            ("staff", "person", CEM, 3),
            ("staff", "face", FACES[3], 4),
        ]
        bob, ann = await new.profiles.list(ProfileFilter(), 10)
        assert (bob.name, bob.metadata, bob.faces) == ("Bob", {"was": "Bob"}, 0)
        assert (ann.name, ann.metadata, ann.faces) == ("Ann", {"was": "Ann"}, 3)
        assert await contents(new) == {
            ("default", "Ann", embedding(1).vector.tobytes(), b"1" * 32, b"crop"),
            ("default", "Ann", embedding(2).vector.tobytes(), None, None),
            ("default", "Ann", embedding(3, 4).vector.tobytes(), b"1" * 32, None),
            ("staff", "Ann", embedding(4).vector.tobytes(), None, None),
        }

    async def test_embeddings_that_are_made_otherwise_now_get_another_name(self, tmp_path: Path) -> None:
        path = tmp_path / "former.zip"
        faces = [
            FormerFace(FACES[0], ANN, embedding(1, model="sface")),
            FormerFace(FACES[1], ANN, embedding(2, model="arcface")),
        ]
        write_former_archive(path, FormerCollection("default", {ANN: "Ann"}, faces))
        new = Instance()
        await imported(new, path)
        found = await new.faces.list(FaceFilter(), 10)
        assert [face.recognition_model for face in found] == ["sface@1", "arcface"]

    @pytest.mark.parametrize(
        ("version", "expected"),
        [(2, ["sface@2", "sface@1", "arcface"]), (VERSION, ["sface", "sface@1", "arcface"])],
    )
    async def test_embeddings_of_the_version_before_get_one_of_their_own(
        self, tmp_path: Path, version: int, expected: list[str]
    ) -> None:
        old, new, path = Instance(), Instance(), tmp_path / "people.zip"
        for number, model in enumerate(("sface", "sface@1", "arcface")):
            await old.faces.add(enrolled("Ann", embedding(number, model=model)))
        await old.export(path)
        with_manifest(path, version=version)
        await imported(new, path)
        found = await new.faces.list(FaceFilter(), 10)
        assert [face.recognition_model for face in found] == expected

    async def test_a_second_time_add_nothing(self, former: Path) -> None:
        new = Instance()
        first = await imported(new, former)
        assert await imported(new, former) == (0, 0, first[2])

    async def test_after_a_half_are_continued(self, former: Path) -> None:
        new, whole = Instance(), Instance()
        use_case = ImportPeople(new.collections, new.archive, Models(), InlineWorkers())
        with reading(former) as reader:
            steps = use_case.execute(reader, use_case.chosen(reader, None))
            for _ in range(2):
                await anext(steps)
        await imported(new, former)
        await imported(whole, former)
        assert await new.everything() == await whole.everything()

    async def test_a_face_of_nobody(self, tmp_path: Path) -> None:
        face = FormerFace(FACES[0], CEM, embedding(1))
        write_former_archive(tmp_path / "f.zip", FormerCollection("default", {ANN: "Ann"}, [face]))
        with pytest.raises(BulkError, match="no person with this id"):
            await Instance().restore(tmp_path / "f.zip")
