from dataclasses import dataclass, field
from pathlib import Path

import pytest

from adapters.imaging.crops import PngCrops
from adapters.memory.cohorts import InMemoryCohorts
from adapters.memory.crops import InMemoryCrops
from adapters.memory.gallery import InMemoryGallery
from adapters.memory.people import InMemoryCollections, InMemoryProfiles
from adapters.memory.repository import InMemoryRepository
from adapters.memory.store import InMemoryStore
from application.analysis import FaceSelection
from application.bulk.enrol import EnrolPhotos, PhotoOutcome, Status
from application.bulk.identify import IdentifyPhotos, PhotoAnswer
from application.bulk.photos import PhotoReader
from application.bulk.reembed import Reembedded, ReembedFaces
from application.enrolment import Candidate, Enrol, RegisterFace
from application.gallery_calibration import GalleryCalibration
from application.photo_folders import PhotoFile
from application.ports.crops import Backlog, CropCodec
from application.ports.faces import Enrolment, FaceFilter, NewFace
from application.recognition import Identify, Query
from application.sources import Source, SourceReader
from domain import errors
from domain.enrolment import Doubt, OnConflict
from domain.identification import Verdict
from domain.people import Face
from domain.quality import NO_BOUNDS
from tests.unit.fakes import BLUE, GREEN, RED, ColourModels, InlineWorkers, analyser, photo, policy

Colour = tuple[int, int, int]


class Register(RegisterFace):
    """Remembers whose photos it has looked at."""

    looked: list[str]

    async def look(self, person: object, source: Source, how: Enrol) -> Candidate:
        self.looked.append(str(person))
        return await super().look(str(person), source, how)


@dataclass
class House:
    """The use cases over memory and stand-ins, and a folder for photos."""

    folder: Path
    crops: CropCodec | None = None
    store: InMemoryStore = field(default_factory=InMemoryStore)
    looked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.faces, gallery = InMemoryRepository(self.store), InMemoryGallery(self.store)
        reader, workers = SourceReader(analyser(), InlineWorkers()), InlineWorkers()
        profiles, self.collections = InMemoryProfiles(self.store), InMemoryCollections(self.store)
        calibration = GalleryCalibration(InMemoryCohorts(self.store))
        register = Register(
            reader, self.faces, profiles, gallery, policy(), calibration, NO_BOUNDS, self.crops
        )
        object.__setattr__(register, "looked", self.looked)
        files = PhotoReader(100_000)
        self.enrol_photos = EnrolPhotos(register, self.collections, workers, files, 4)
        identify = Identify(reader, gallery, policy(), calibration, "nearest", NO_BOUNDS)
        self.identify_photos = IdentifyPhotos(identify, self.collections, workers, files, 4)
        self.kept = InMemoryCrops(self.store)
        self.reembed = ReembedFaces(
            self.kept,
            PngCrops(),
            self.faces,
            self.collections,
            ColourModels(),
            workers,
            4,
        )

    def put(self, name: str, *colours: Colour, size: int = 60) -> Path:
        path = self.folder / name
        path.write_bytes(photo(*colours, sizes=(size,) * len(colours)).data)
        return path

    async def enrol(self, *photos: tuple[str, Path], how: Enrol | None = None) -> list[PhotoOutcome]:
        items = [PhotoFile(*each) for each in photos]
        return [outcome async for outcome in self.enrol_photos.execute(items, how or Enrol())]

    async def identify(self, *paths: Path, query: Query | None = None) -> list[PhotoAnswer]:
        return [answer async for answer in self.identify_photos.execute(paths, query or Query())]

    async def kept_crops(self) -> list[tuple[Face, bytes]]:
        return [(each.face, each.image) for each in await self.kept.pending("default", "unused", 10)]

    async def under(self, model: str) -> list[Reembedded]:
        return [outcome async for outcome in self.reembed.execute("default", model)]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_every_photo_has_an_outcome_in_order(house: House) -> None:
    (house.folder / "text.jpg").write_text("no photo")
    outcomes = await house.enrol(
        ("Red", house.put("red.jpg", RED)),
        ("Nobody", house.folder / "text.jpg"),
        ("Nobody", house.folder / "absent.jpg"),
        ("Nobody", house.put("two.jpg", RED, GREEN)),
        (" ", house.put("blue.jpg", BLUE)),
        ("Green", house.put("green.jpg", GREEN)),
    )
    assert [(each.item.person, each.error.code if each.error else each.status) for each in outcomes] == [
        ("Red", Status.ENROLLED),
        ("Nobody", "invalid_image"),
        ("Nobody", "invalid_image"),
        ("Nobody", "multiple_faces"),
        (" ", "invalid_name"),
        ("Green", Status.ENROLLED),
    ]
    assert [face.name for face in await house.faces.list(FaceFilter(), 10)] == ["Red", "Green"]


async def test_what_is_enrolled_is_not_analysed_again(house: House) -> None:
    photos = [(f"P{index}", house.put(f"{index}.jpg", RED, size=30 + index)) for index in range(40)]
    await house.enrol(*photos[:30])
    house.looked.clear()
    outcomes = await house.enrol(*photos)
    assert [each.status for each in outcomes] == [Status.KNOWN] * 30 + [Status.ENROLLED] * 10
    assert house.looked == [f"P{index}" for index in range(30, 40)]
    assert len({each.face.id for each in outcomes if each.face}) == 40


async def test_a_photo_is_known_by_person_and_models(house: House) -> None:
    path = house.put("red.jpg", RED)
    await house.enrol(("Red", path))
    (other,) = await house.enrol(("Also red", path))
    (hue,) = await house.enrol(("Red", path), how=Enrol(recognition_model="hue"))
    (again,) = await house.enrol(("  Red ", path))
    assert [other.status, hue.status, again.status] == [Status.ENROLLED, Status.ENROLLED, Status.KNOWN]


async def test_the_same_photo_twice_in_one_run_is_one_face(house: House) -> None:
    one, two = house.put("one.jpg", RED), house.put("two.jpg", RED)
    outcomes = await house.enrol(("Red", one), ("Red", two))
    assert {each.status for each in outcomes} == {Status.ENROLLED, Status.KNOWN}
    assert len(await house.faces.list(FaceFilter(), 10)) == 1


async def test_with_conflicts_photos_are_judged_in_their_order(house: House) -> None:
    photos = [
        ("A", house.put("a.jpg", RED)),
        ("B", house.put("b.jpg", RED, size=50)),
        ("C", house.put("c.jpg", GREEN)),
    ]
    outcomes = await house.enrol(*photos, how=Enrol(on_conflict=OnConflict.REJECT))
    assert [each.status for each in outcomes] == [Status.ENROLLED, Status.REFUSED, Status.ENROLLED]
    assert outcomes[1].error is not None
    assert outcomes[1].error.code == "enrolment_conflict"
    (warned,) = await house.enrol(photos[1], how=Enrol(on_conflict=OnConflict.WARN))
    assert [each.doubt for each in warned.conflicts] == [Doubt.RESEMBLES_ANOTHER]
    assert warned.status is Status.ENROLLED


@pytest.mark.parametrize(
    ("how", "error"),
    [
        (Enrol(collection="nowhere"), errors.CollectionNotFound),
        (Enrol(collection="No Way"), errors.InvalidCollection),
        (Enrol(recognition_model="vgg"), errors.UnknownModel),
    ],
)
async def test_what_concerns_all_photos_ends_the_run(
    house: House, how: Enrol, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await house.enrol(("Red", house.put("red.jpg", RED)), how=how)
    assert house.looked == []


async def test_a_database_that_is_gone_ends_the_run(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_: object, __: NewFace) -> Enrolment:
        raise errors.Unavailable("The database does not answer.")

    monkeypatch.setattr(InMemoryRepository, "add", gone)
    with pytest.raises(errors.Unavailable):
        await house.enrol(("Red", house.put("red.jpg", RED)))


async def test_a_defect_that_one_photo_brings_to_light_is_that_photos_alone(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add = InMemoryRepository.add

    async def odd(self: InMemoryRepository, face: NewFace) -> Enrolment:
        if face.person == "Red":
            raise ZeroDivisionError
        return await add(self, face)

    monkeypatch.setattr(InMemoryRepository, "add", odd)
    outcomes = await house.enrol(("Red", house.put("r.jpg", RED)), ("Green", house.put("g.jpg", GREEN)))
    assert [each.status for each in outcomes] == [Status.REFUSED, Status.ENROLLED]
    assert outcomes[0].error is not None
    assert (outcomes[0].error.code, "ZeroDivision" in outcomes[0].error.detail) == ("internal_error", False)
    assert "ZeroDivisionError" in caplog.text


async def test_large_files_and_folders_are_no_photos(house: House) -> None:
    (house.folder / "large.jpg").write_bytes(bytes(100_001))
    (house.folder / "folder.jpg").mkdir()
    outcomes = await house.enrol(("A", house.folder / "large.jpg"), ("B", house.folder / "folder.jpg"))
    assert [each.error and each.error.code for each in outcomes] == ["image_too_large", "invalid_image"]
    assert not any(str(house.folder) in str(each.error) for each in outcomes)


async def test_identification_answers_each_photo(house: House) -> None:
    await house.enrol(("Red", house.put("red.jpg", RED)))
    answers = await house.identify(
        house.put("group.jpg", RED, GREEN),
        house.folder / "absent.jpg",
        house.put("empty.jpg"),
        query=Query(selection=FaceSelection.ALL),
    )
    assert [each.error and each.error.code for each in answers] == [None, "invalid_image", None]
    found = [[face.decision.verdict for face in each.faces if face.decision] for each in answers]
    assert found == [[Verdict.MATCH, Verdict.UNKNOWN], [], []]


async def test_identification_in_no_collection(house: House) -> None:
    with pytest.raises(errors.CollectionNotFound):
        await house.identify(house.put("red.jpg", RED), query=Query(collection="nowhere"))


class TestCrops:
    @pytest.fixture
    def house(self, tmp_path: Path) -> House:
        return House(tmp_path, PngCrops())

    async def test_are_not_kept_unless_the_operator_wants(self, tmp_path: Path) -> None:
        house = House(tmp_path)
        (outcome,) = await house.enrol(("Red", house.put("red.jpg", RED)))
        assert outcome.face is not None
        assert await house.kept_crops() == []

    async def test_are_kept_with_the_face(self, house: House) -> None:
        (outcome,) = await house.enrol(("Red", house.put("red.jpg", RED)))
        assert outcome.face is not None
        ((face, kept),) = await house.kept_crops()
        assert face == outcome.face
        assert PngCrops().decode(kept)[0, 0].tolist() == list(RED)
        assert await house.faces.delete("default", outcome.face.id)
        assert await house.kept_crops() == []

    async def test_become_faces_of_another_model(self, house: House) -> None:
        (old,) = await house.enrol(("Red", house.put("red.jpg", RED)))
        ((_, crop),) = await house.kept_crops()
        (new,) = await house.under("hue")
        assert old.face is not None
        assert new.face is not None
        assert (new.old, new.face.recognition_model) == (old.face, "hue")
        assert (new.face.profile_id, new.face.detection_model) == (old.face.profile_id, "colour")
        assert await house.reembed.backlog("default", "hue") == ("hue", Backlog(0, 0))
        assert await house.under("hue") == []
        (again,) = await house.enrol(("Red", house.folder / "red.jpg"), how=Enrol(recognition_model="hue"))
        assert again.status is Status.KNOWN
        query = Query(recognition_model="hue")
        (answer,) = await house.identify(house.folder / "red.jpg", query=query)
        assert answer.faces[0].decision is not None
        assert answer.faces[0].decision.people[0].nearest == new.face
        assert await house.faces.delete("default", old.face.id)
        assert await house.kept_crops() == [(new.face, crop)]

    async def test_that_are_damaged_fail_alone(self, house: House) -> None:
        red, green = await house.enrol(("Red", house.put("r.jpg", RED)), ("Green", house.put("g.jpg", GREEN)))
        assert red.face is not None
        room = house.store.room("default")
        object.__setattr__(room.faces[red.face.id], "crop", b"damaged")
        one, two = await house.under("hue")
        assert one.error is not None
        assert (one.old, one.error.code) == (red.face, "invalid_image")
        assert two.face is not None
        assert two.old == green.face

    async def test_of_a_face_that_is_deleted_meanwhile_leave_nothing(
        self, house: House, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        red, _ = await house.enrol(
            ("Red", house.put("1.jpg", RED)), ("Red", house.put("2.jpg", RED, size=50))
        )
        assert red.face is not None
        gone, add = red.face.id, InMemoryRepository.add

        async def slow_add(self: InMemoryRepository, face: NewFace) -> Enrolment:
            await self.delete("default", gone)
            return await add(self, face)

        monkeypatch.setattr(InMemoryRepository, "add", slow_add)
        (left,) = await house.under("hue")
        assert left.face is not None
        assert await house.faces.list(FaceFilter(recognition_model="hue"), 10) == [left.face]

    async def test_need_a_model_and_a_collection(self, house: House) -> None:
        with pytest.raises(errors.UnknownModel):
            await house.reembed.backlog("default", "vgg")
        with pytest.raises(errors.CollectionNotFound):
            await house.reembed.backlog("nowhere", "hue")
