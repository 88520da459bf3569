from dataclasses import dataclass, field
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from adapters.memory.repository import InMemoryRepository
from application.analysis import FaceAnalyser, FaceSelection
from application.gallery import DeleteFace, ListFaces, RecognizeFace, RegisterFace
from application.ports.repository import FaceFilter
from application.sources import Photo, SourceReader
from domain import errors
from tests.unit.fakes import (
    BLUE,
    GREEN,
    RED,
    ColourModels,
    CuttingAligner,
    InlineWorkers,
    RawDecoder,
    photo,
    policy,
)


@dataclass
class House:
    repository: InMemoryRepository = field(default_factory=lambda: InMemoryRepository(new_id=uuid7))
    workers: InlineWorkers = field(default_factory=InlineWorkers)
    analyser: FaceAnalyser = field(
        default_factory=lambda: FaceAnalyser(RawDecoder(), CuttingAligner(), ColourModels())
    )

    def __post_init__(self) -> None:
        reader = SourceReader(self.analyser, self.workers)
        self.register = RegisterFace(reader, self.repository).execute
        self.recognize = RecognizeFace(reader, self.repository, policy()).execute
        self.list = ListFaces(self.repository).execute
        self.delete = DeleteFace(self.repository).execute


@pytest.fixture
def house() -> House:
    return House()


async def test_a_registered_person_is_recognised(house: House) -> None:
    await house.register("Red", photo(RED))
    face = await house.register("Green", photo(GREEN))
    match = await house.recognize(photo(GREEN))
    assert match.face == face
    assert match.distance == pytest.approx(0, abs=1e-6)


async def test_a_stranger_is_nobody(house: House) -> None:
    await house.register("Red", photo(RED))
    with pytest.raises(errors.NoMatch):
        await house.recognize(photo(BLUE))


async def test_an_empty_gallery_knows_nobody(house: House) -> None:
    with pytest.raises(errors.NoMatch):
        await house.recognize(photo(BLUE))


async def test_a_threshold_of_the_request_replaces_the_models(house: House) -> None:
    await house.register("Red", photo(RED))
    match = await house.recognize(photo(BLUE), threshold=-1)
    assert match.face.name == "Red"
    with pytest.raises(errors.NoMatch):
        await house.recognize(photo(BLUE), threshold=match.similarity + 1e-6)


async def test_recognition_takes_the_largest_face(house: House) -> None:
    await house.register("Red", photo(RED))
    await house.register("Green", photo(GREEN))
    assert (await house.recognize(photo(GREEN, RED))).face.name == "Green"


async def test_the_same_name_adds_a_face_to_the_same_profile(house: House) -> None:
    first, second = [await house.register(name, photo(RED)) for name in ("Red", "  Red ")]
    assert first.profile_id == second.profile_id
    assert first.id != second.id


async def test_two_faces_are_refused_unless_the_largest_is_asked_for(house: House) -> None:
    with pytest.raises(errors.MultipleFaces):
        await house.register("Red", photo(RED, GREEN))
    await house.register("Red", photo(RED, GREEN), selection=FaceSelection.LARGEST)
    assert (await house.recognize(photo(RED))).face.name == "Red"


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
        await house.register(name, image, recognition_model=model)
    assert (await house.list(FaceFilter(), 10)).faces == []


async def test_models_do_not_mix(house: House) -> None:
    await house.register("Red", photo(RED), recognition_model="hue")
    with pytest.raises(errors.NoMatch):
        await house.recognize(photo(RED), recognition_model="colour", threshold=-1)


async def test_a_listing_has_pages(house: House) -> None:
    faces = [await house.register(f"P{index}", photo(RED)) for index in range(5)]
    first = await house.list(FaceFilter(), 2)
    second = await house.list(FaceFilter(), 2, first.next)
    third = await house.list(FaceFilter(), 2, second.next)
    assert first.faces + second.faces + third.faces == faces
    assert third.next is None


async def test_a_page_that_is_exactly_full_is_the_last(house: House) -> None:
    await house.register("Red", photo(RED))
    assert (await house.list(FaceFilter(), 1)).next is None


async def test_a_deleted_face_is_not_recognised(house: House) -> None:
    face = await house.register("Red", photo(RED))
    await house.delete(face.id)
    with pytest.raises(errors.NoMatch):
        await house.recognize(photo(RED))


async def test_deleting_an_unknown_face_is_an_error(house: House) -> None:
    with pytest.raises(errors.FaceNotFound):
        await house.delete(UUID(int=1))
