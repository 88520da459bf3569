from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest

from adapters.memory.cohorts import InMemoryCohorts
from adapters.memory.gallery import InMemoryGallery
from adapters.memory.people import InMemoryProfiles
from adapters.memory.repository import InMemoryRepository
from adapters.memory.store import InMemoryStore
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.analysis.sources import Photo, SourceReader, Vector
from application.enrolment import BatchItem, EnrolBatch, EnrolFace, EnrolledFace, EnrolmentOptions
from application.gallery_calibration import GalleryCalibration
from application.people import ManageFaces
from application.ports.faces import FaceFilter
from application.recognition import Identify, RecognitionOptions, RecognizeFace, VerifyFace
from domain import errors
from domain.enrolment import ConflictKind, EnrolmentConflict, OnConflict
from domain.identification import AmbiguousMatch, Verdict
from domain.people import FaceId, ProfileId
from domain.quality import NO_BOUNDS
from tests.unit.fakes import (
    BLUE,
    GREEN,
    RED,
    ColourModels,
    InlineWorkers,
    analyser,
    photo,
    policy,
)

LARGEST = EnrolmentOptions(selection=FaceSelection.LARGEST)


@dataclass
class House:
    store: InMemoryStore = field(default_factory=InMemoryStore)
    margin: float = 0

    def __post_init__(self) -> None:
        faces, gallery = InMemoryRepository(self.store), InMemoryGallery(self.store)
        profiles = InMemoryProfiles(self.store)
        self.reader = SourceReader(analyser(), InlineWorkers())
        self.faces = ManageFaces(faces)
        decisions = policy(self.margin)
        calibration = GalleryCalibration(InMemoryCohorts(self.store))
        self.register = EnrolFace(self.reader, faces, profiles, gallery, decisions, calibration, NO_BOUNDS)
        self.identify = Identify(self.reader, gallery, decisions, calibration, "nearest", NO_BOUNDS)
        self.recognize = RecognizeFace(self.identify)
        self.verify = VerifyFace(self.reader, gallery, profiles, decisions, calibration, "nearest", NO_BOUNDS)

    async def enrol(
        self, name: str | ProfileId, source: Photo | Vector, how: EnrolmentOptions | None = None
    ) -> EnrolledFace:
        return await self.register.execute(name, source, how or EnrolmentOptions())

    async def who(self, source: Photo | Vector, query: RecognitionOptions | None = None) -> str:
        return (await self.recognize.execute(source, query or RecognitionOptions()))[1].people[0].name


@pytest.fixture
def house() -> House:
    return House()


async def test_a_registered_person_is_recognised(house: House) -> None:
    await house.enrol("Red", photo(RED))
    registered = await house.enrol("Green", photo(GREEN))
    _, decision = await house.recognize.execute(photo(GREEN), RecognitionOptions())
    assert decision.people[0].nearest == registered.face
    assert decision.people[0].similarity == pytest.approx(1)
    assert decision.searched == 2


async def test_a_stranger_is_nobody(house: House) -> None:
    await house.enrol("Red", photo(RED))
    with pytest.raises(errors.NoMatch):
        await house.who(photo(BLUE))


async def test_an_empty_gallery_knows_nobody(house: House) -> None:
    with pytest.raises(errors.NoMatch):
        await house.who(photo(BLUE))


async def test_a_threshold_of_the_request_replaces_the_models(house: House) -> None:
    await house.enrol("Red", photo(RED))
    _, decision = await house.recognize.execute(photo(BLUE), RecognitionOptions(threshold=-1))
    assert decision.people[0].name == "Red"
    with pytest.raises(errors.NoMatch):
        await house.who(photo(BLUE), RecognitionOptions(threshold=decision.people[0].similarity + 1e-6))


async def test_recognition_takes_the_largest_face(house: House) -> None:
    await house.enrol("Red", photo(RED))
    await house.enrol("Green", photo(GREEN))
    assert await house.who(photo(GREEN, RED)) == "Green"


async def test_every_face_of_a_photo_is_identified(house: House) -> None:
    await house.enrol("Red", photo(RED))
    found = await house.identify.execute(photo(GREEN, RED), RecognitionOptions(selection=FaceSelection.ALL))
    assert [identified.decision and identified.decision.verdict for identified in found] == [
        Verdict.UNKNOWN,
        Verdict.MATCH,
    ]
    assert await house.identify.execute(photo(), RecognitionOptions(selection=FaceSelection.ALL)) == []


async def test_one_face_of_two_people_is_ambiguous() -> None:
    house = House(margin=0.02)
    for name in ("Red", "Also red"):
        await house.enrol(name, photo(RED))
    with pytest.raises(AmbiguousMatch) as caught:
        await house.who(photo(RED))
    assert {person.name for person in caught.value.decision.people} == {"Red", "Also red"}


async def test_the_same_name_adds_a_face_to_the_same_profile(house: House) -> None:
    first, second = [
        await house.enrol(name, image)
        for name, image in (("Red", photo(RED)), ("  Red ", photo(RED, sizes=(50,))))
    ]
    assert first.face.profile_id == second.face.profile_id
    assert first.face.id != second.face.id


async def test_the_same_photo_is_enrolled_once(house: House) -> None:
    first, again = [await house.enrol("Red", photo(RED)) for _ in range(2)]
    assert (again.face, again.created) == (first.face, False)


async def test_two_faces_are_refused_unless_the_largest_is_asked_for(house: House) -> None:
    with pytest.raises(errors.MultipleFaces):
        await house.enrol("Red", photo(RED, GREEN))
    await house.enrol("Red", photo(RED, GREEN), LARGEST)
    assert await house.who(photo(RED)) == "Red"


@pytest.mark.parametrize(
    ("name", "image", "model", "error"),
    [
        ("Red", photo(), None, errors.NoFaceDetected),
        ("Red", Photo(b"GIF89a"), None, errors.InvalidImage),
        (" ", photo(RED), None, errors.InvalidName),
        ("Red", photo(RED), "vgg", errors.UnknownModel),
    ],
)
async def test_what_cannot_be_registered_leaves_nothing_behind(
    house: House, name: str, image: Photo, model: str | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await house.enrol(name, image, EnrolmentOptions(recognition_model=model))
    assert (await house.faces.list(FaceFilter(), 10)).items == []


async def test_models_do_not_mix(house: House) -> None:
    await house.enrol("Red", photo(RED), EnrolmentOptions(recognition_model="hue"))
    with pytest.raises(errors.NoMatch):
        await house.who(photo(RED), RecognitionOptions(recognition_model="colour", threshold=-1))


async def test_a_listing_has_pages(house: House) -> None:
    faces = [(await house.enrol(f"P{index}", photo(RED))).face for index in range(5)]
    first = await house.faces.list(FaceFilter(), 2)
    second = await house.faces.list(FaceFilter(), 2, first.next)
    third = await house.faces.list(FaceFilter(), 2, second.next)
    assert [*first.items, *second.items, *third.items] == faces
    assert third.next is None


async def test_a_page_that_is_exactly_full_is_the_last(house: House) -> None:
    await house.enrol("Red", photo(RED))
    assert (await house.faces.list(FaceFilter(), 1)).next is None


async def test_a_deleted_face_is_not_recognised(house: House) -> None:
    registered = await house.enrol("Red", photo(RED))
    await house.faces.delete("default", registered.face.id)
    with pytest.raises(errors.NoMatch):
        await house.who(photo(RED))


async def test_deleting_or_moving_an_unknown_face_is_an_error(house: House) -> None:
    with pytest.raises(errors.FaceNotFound):
        await house.faces.delete("default", FaceId(1))
    with pytest.raises(errors.FaceNotFound):
        await house.faces.move("default", FaceId(1), ProfileId(2))


async def test_a_face_that_resembles_somebody_else_is_doubtful(house: House) -> None:
    red = await house.enrol("Red", photo(RED))
    with pytest.raises(EnrolmentConflict) as caught:
        await house.enrol("Other", photo(RED), EnrolmentOptions(on_conflict=OnConflict.REJECT))
    (conflict,) = caught.value.conflicts
    assert (conflict.doubt, conflict.profile_id) == (ConflictKind.RESEMBLES_ANOTHER, red.face.profile_id)
    warned = await house.enrol("Other", photo(RED), EnrolmentOptions(on_conflict=OnConflict.WARN))
    assert [conflict.doubt for conflict in warned.conflicts] == [ConflictKind.RESEMBLES_ANOTHER]


async def test_a_face_that_differs_from_the_persons_others_is_doubtful(house: House) -> None:
    await house.enrol("Red", photo(RED))
    warned = await house.enrol("Red", photo(BLUE), EnrolmentOptions(on_conflict=OnConflict.WARN))
    assert [conflict.doubt for conflict in warned.conflicts] == [ConflictKind.DIFFERS]
    fitting = await house.enrol(
        "Red", photo(RED, sizes=(30,)), EnrolmentOptions(on_conflict=OnConflict.REJECT)
    )
    assert fitting.conflicts == ()


async def test_two_photos_and_a_person_are_verified(house: House) -> None:
    registered = await house.enrol("Red", photo(RED))
    assert (await house.verify.two(photo(RED), photo(RED), RecognitionOptions())).match
    assert not (await house.verify.two(photo(RED), photo(BLUE), RecognitionOptions())).match
    assert (await house.verify.person(photo(RED), "Red", RecognitionOptions())).match
    assert not (
        await house.verify.person(photo(BLUE), registered.face.profile_id, RecognitionOptions())
    ).match
    for nobody in ("Blue", ProfileId(99)):
        with pytest.raises(errors.ProfileNotFound):
            await house.verify.person(photo(RED), nobody, RecognitionOptions())


async def test_embeddings_may_be_enrolled_and_recognised(house: House) -> None:
    (face,) = await house.reader.read(photo(RED), PhotoOptions(selection=FaceSelection.SINGLE))
    vector = Vector(tuple(map(float, face.embedding.vector)))
    await house.enrol("Red", vector)
    assert await house.who(photo(RED)) == "Red"
    assert await house.who(vector) == "Red"


@pytest.mark.parametrize("values", [(), (1.0,), (0.0,) * 16, (0.5,) * 16, (float("nan"),) * 16])
async def test_what_is_no_embedding_of_the_model_is_refused(house: House, values: tuple[float, ...]) -> None:
    with pytest.raises(errors.InvalidEmbedding):
        await house.enrol("Red", Vector(values))


async def test_a_bad_photo_of_a_batch_fails_alone_and_in_its_place(house: House) -> None:
    items = [BatchItem("Red", photo(RED)), BatchItem("None", photo()), BatchItem("Blue", photo(BLUE))]
    red, none, blue = await EnrolBatch(house.register, InlineWorkers(), parallel=2).execute(
        items, EnrolmentOptions()
    )
    assert isinstance(red, EnrolledFace)
    assert isinstance(none, errors.NoFaceDetected)
    assert isinstance(blue, EnrolledFace)
    assert (red.face.name, blue.face.name) == ("Red", "Blue")


def test_embeddings_of_the_stand_ins_are_unit_vectors() -> None:
    models = ColourModels()
    crop = np.full((5, 5, 3), 9, np.uint8)
    assert np.linalg.norm(models.embedder("colour").embed([crop])) == pytest.approx(1)


async def test_a_face_of_somebody_else_is_told_of_unless_asked_otherwise(house: House) -> None:
    await house.enrol("Red", photo(RED))
    assert [each.doubt for each in (await house.enrol("Other", photo(RED))).conflicts] == [
        ConflictKind.RESEMBLES_ANOTHER
    ]
    assert (
        await house.enrol("Third", photo(RED), EnrolmentOptions(on_conflict=OnConflict.ALLOW))
    ).conflicts == ()


async def test_a_model_that_is_not_calibrated_enrols_without_warnings(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise errors.ModelNotCalibrated("Nobody has measured it.")

    monkeypatch.setattr(type(house.register.policy), "verification", refuse)
    await house.enrol("Red", photo(RED))
    assert (await house.enrol("Other", photo(RED))).created
    with pytest.raises(errors.ModelNotCalibrated):
        await house.enrol("Third", photo(RED), EnrolmentOptions(on_conflict=OnConflict.REJECT))


async def test_who_is_enrolled_under_a_decomposed_name_is_verified_by_either(house: House) -> None:
    await house.enrol("Zoe\u0308", photo(RED))
    for name in ("Zoe\u0308", " Zo\u00eb "):
        assert (await house.verify.person(photo(RED), name, RecognitionOptions())).match
        (face,) = (await house.faces.list(FaceFilter(name=name), 10)).items
        assert face.name == "Zo\u00eb"


async def test_a_photo_of_a_batch_is_read_once_when_its_turn_has_come(house: House) -> None:
    read: list[str] = []

    def reads(name: str) -> Photo:
        read.append(name)
        if name == "bad":
            raise errors.InvalidImage("It is damaged.")
        return photo(RED)

    items = [BatchItem("Ada", partial(reads, name)) for name in ("good", "bad")]
    good, bad = await EnrolBatch(house.register, InlineWorkers(), 1).execute(items, EnrolmentOptions())
    assert isinstance(good, EnrolledFace)
    assert isinstance(bad, errors.InvalidImage)
    assert read == ["good", "bad"]
