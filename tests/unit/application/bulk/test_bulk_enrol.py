import asyncio
from pathlib import Path

import pytest

from adapters.memory.repository import InMemoryRepository
from application.bulk.enrol import Status
from application.enrolment import EnrolFace, EnrolledFace, EnrolmentOptions, PendingEnrolment
from application.ports.faces import Enrolment, FaceFilter, NewFace
from domain import errors
from domain.enrolment import ConflictKind, OnConflict
from tests.unit.bulk import BulkCommands
from tests.unit.fakes import BLUE, GREEN, RED


@pytest.fixture
def bulk(tmp_path: Path) -> BulkCommands:
    return BulkCommands(tmp_path)


async def test_every_photo_has_an_outcome_in_order(bulk: BulkCommands) -> None:
    (bulk.folder / "text.jpg").write_text("no photo")
    outcomes = await bulk.enrol(
        ("Red", bulk.put("red.jpg", RED)),
        ("Nobody", bulk.folder / "text.jpg"),
        ("Nobody", bulk.folder / "absent.jpg"),
        ("Nobody", bulk.put("two.jpg", RED, GREEN)),
        (" ", bulk.put("blue.jpg", BLUE)),
        ("Green", bulk.put("green.jpg", GREEN)),
    )
    assert [(each.item.person, each.error.code if each.error else each.status) for each in outcomes] == [
        ("Red", Status.ENROLLED),
        ("Nobody", "invalid_image"),
        ("Nobody", "invalid_image"),
        ("Nobody", "multiple_faces"),
        (" ", "invalid_name"),
        ("Green", Status.ENROLLED),
    ]
    assert [face.name for face in await bulk.faces.list(FaceFilter(), 10)] == ["Red", "Green"]


async def test_what_is_enrolled_is_not_analysed_again(bulk: BulkCommands) -> None:
    photos = [(f"P{index}", bulk.put(f"{index}.jpg", RED, size=30 + index)) for index in range(40)]
    await bulk.enrol(*photos[:30])
    bulk.looked.clear()
    outcomes = await bulk.enrol(*photos)
    assert [each.status for each in outcomes] == [Status.KNOWN] * 30 + [Status.ENROLLED] * 10
    assert bulk.looked == [f"P{index}" for index in range(30, 40)]
    assert len({each.face.id for each in outcomes if each.face}) == 40


async def test_a_photo_is_known_by_person_and_models(bulk: BulkCommands) -> None:
    path = bulk.put("red.jpg", RED)
    await bulk.enrol(("Red", path))
    (other,) = await bulk.enrol(("Also red", path))
    (hue,) = await bulk.enrol(("Red", path), how=EnrolmentOptions(recognition_model="hue"))
    (again,) = await bulk.enrol(("  Red ", path))
    assert [other.status, hue.status, again.status] == [Status.ENROLLED, Status.ENROLLED, Status.KNOWN]


async def test_the_same_photo_twice_in_one_run_is_one_face(bulk: BulkCommands) -> None:
    one, two = bulk.put("one.jpg", RED), bulk.put("two.jpg", RED)
    outcomes = await bulk.enrol(("Red", one), ("Red", two))
    assert {each.status for each in outcomes} == {Status.ENROLLED, Status.KNOWN}
    assert len(await bulk.faces.list(FaceFilter(), 10)) == 1


async def test_with_conflicts_photos_are_judged_in_their_order(bulk: BulkCommands) -> None:
    photos = [
        ("A", bulk.put("a.jpg", RED)),
        ("B", bulk.put("b.jpg", RED, size=50)),
        ("C", bulk.put("c.jpg", GREEN)),
    ]
    outcomes = await bulk.enrol(*photos, how=EnrolmentOptions(on_conflict=OnConflict.REJECT))
    assert [each.status for each in outcomes] == [Status.ENROLLED, Status.REFUSED, Status.ENROLLED]
    assert outcomes[1].error is not None
    assert outcomes[1].error.code == "enrolment_conflict"
    (warned,) = await bulk.enrol(photos[1], how=EnrolmentOptions(on_conflict=OnConflict.WARN))
    assert [each.doubt for each in warned.conflicts] == [ConflictKind.RESEMBLES_ANOTHER]
    assert warned.status is Status.ENROLLED


async def test_analysis_runs_ahead_of_comparisons_which_are_one_at_a_time(
    bulk: BulkCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [(f"P{index}", bulk.put(f"{index}.jpg", RED, size=30 + index)) for index in range(12)]
    enrol, ahead, comparing = EnrolFace.enrol, list[int](), list[int]()

    async def slow_enrol(self: EnrolFace, candidate: PendingEnrolment, how: EnrolmentOptions) -> EnrolledFace:
        comparing.append(len(comparing) - len(ahead))
        await asyncio.sleep(0.001)
        ahead.append(len(bulk.looked) - len(comparing))
        return await enrol(self, candidate, how)

    monkeypatch.setattr(EnrolFace, "enrol", slow_enrol)
    await bulk.enrol(*photos)
    assert comparing == [0] * 12
    assert max(ahead) == 3


@pytest.mark.parametrize(
    ("how", "error"),
    [
        (EnrolmentOptions(collection="nowhere"), errors.CollectionNotFound),
        (EnrolmentOptions(collection="No Way"), errors.InvalidCollection),
        (EnrolmentOptions(recognition_model="vgg"), errors.UnknownModel),
    ],
)
async def test_what_concerns_all_photos_ends_the_run(
    bulk: BulkCommands, how: EnrolmentOptions, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await bulk.enrol(("Red", bulk.put("red.jpg", RED)), how=how)
    assert bulk.looked == []


async def test_a_database_that_is_gone_ends_the_run(
    bulk: BulkCommands, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_: object, __: NewFace) -> Enrolment:
        raise errors.Unavailable("The database does not answer.")

    monkeypatch.setattr(InMemoryRepository, "add", gone)
    with pytest.raises(errors.Unavailable):
        await bulk.enrol(("Red", bulk.put("red.jpg", RED)))


async def test_a_defect_that_one_photo_brings_to_light_is_that_photos_alone(
    bulk: BulkCommands, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add = InMemoryRepository.add

    async def odd(self: InMemoryRepository, face: NewFace) -> Enrolment:
        if face.person == "Red":
            raise ZeroDivisionError
        return await add(self, face)

    monkeypatch.setattr(InMemoryRepository, "add", odd)
    outcomes = await bulk.enrol(("Red", bulk.put("r.jpg", RED)), ("Green", bulk.put("g.jpg", GREEN)))
    assert [each.status for each in outcomes] == [Status.REFUSED, Status.ENROLLED]
    assert outcomes[0].error is not None
    assert (outcomes[0].error.code, "ZeroDivision" in outcomes[0].error.detail) == ("internal_error", False)
    assert "ZeroDivisionError" in caplog.text


async def test_large_files_and_folders_are_no_photos(bulk: BulkCommands) -> None:
    (bulk.folder / "large.jpg").write_bytes(bytes(100_001))
    (bulk.folder / "folder.jpg").mkdir()
    outcomes = await bulk.enrol(("A", bulk.folder / "large.jpg"), ("B", bulk.folder / "folder.jpg"))
    assert [each.error and each.error.code for each in outcomes] == ["image_too_large", "invalid_image"]
    assert not any(str(bulk.folder) in str(each.error) for each in outcomes)
