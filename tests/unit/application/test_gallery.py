import numpy as np
import pytest

from adapters.memory.gallery import InMemoryGallery
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.analysis.sources import Photo, Vector
from application.enrolment import EnrolmentOptions
from application.ports.faces import FaceFilter
from application.recognition import SEARCH_S, RecognitionOptions
from domain import errors
from domain.enrolment import ConflictKind, EnrolmentConflict, OnConflict
from domain.identification import AmbiguousMatch, Verdict
from domain.people import FaceId, ProfileId
from tests.unit.application.in_memory_service import InMemoryService
from tests.unit.fakes import (
    BLUE,
    GREEN,
    RED,
    ColourModels,
    InlineWorkers,
    photo,
)

LARGEST = EnrolmentOptions(selection=FaceSelection.LARGEST)


async def test_a_registered_person_is_recognised(service: InMemoryService) -> None:
    await service.enrol("Red", photo(RED))
    registered = await service.enrol("Green", photo(GREEN))
    _, decision = await service.recognize.execute(photo(GREEN), RecognitionOptions())
    assert decision.people[0].nearest == registered.face
    assert decision.people[0].similarity == pytest.approx(1)
    assert decision.searched == 2


async def test_somebody_who_is_not_enrolled_is_nobody(service: InMemoryService) -> None:
    await service.enrol("Red", photo(RED))
    with pytest.raises(errors.NoMatch):
        await service.who(photo(BLUE))


async def test_an_empty_gallery_knows_nobody(service: InMemoryService) -> None:
    with pytest.raises(errors.NoMatch):
        await service.who(photo(BLUE))


async def test_a_threshold_of_the_request_replaces_the_models(service: InMemoryService) -> None:
    await service.enrol("Red", photo(RED))
    _, decision = await service.recognize.execute(photo(BLUE), RecognitionOptions(threshold=-1))
    assert decision.people[0].name == "Red"
    with pytest.raises(errors.NoMatch):
        await service.who(photo(BLUE), RecognitionOptions(threshold=decision.people[0].similarity + 1e-6))


async def test_recognition_takes_the_largest_face(service: InMemoryService) -> None:
    await service.enrol("Red", photo(RED))
    await service.enrol("Green", photo(GREEN))
    assert await service.who(photo(GREEN, RED)) == "Green"


async def test_every_face_of_a_photo_is_identified(service: InMemoryService) -> None:
    await service.enrol("Red", photo(RED))
    found = await service.identify.execute(photo(GREEN, RED), RecognitionOptions(selection=FaceSelection.ALL))
    assert [identified.decision and identified.decision.verdict for identified in found] == [
        Verdict.UNKNOWN,
        Verdict.MATCH,
    ]
    assert await service.identify.execute(photo(), RecognitionOptions(selection=FaceSelection.ALL)) == []


async def test_searches_for_the_faces_of_a_photo_count_as_work_of_the_client(
    service: InMemoryService,
) -> None:
    workers = service.reader.workers
    assert isinstance(workers, InlineWorkers)
    await service.enrol("Red", photo(RED))
    workers.charged = 0
    await service.identify.execute(photo(GREEN, RED), RecognitionOptions(selection=FaceSelection.ALL))
    assert workers.charged == 2 * SEARCH_S


async def test_one_face_of_two_people_is_ambiguous() -> None:
    service = InMemoryService(margin=0.02)
    for name in ("Red", "Also red"):
        await service.enrol(name, photo(RED))
    with pytest.raises(AmbiguousMatch) as caught:
        await service.who(photo(RED))
    assert {person.name for person in caught.value.decision.people} == {"Red", "Also red"}


async def test_the_same_name_adds_a_face_to_the_same_profile(service: InMemoryService) -> None:
    first, second = [
        await service.enrol(name, image)
        for name, image in (("Red", photo(RED)), ("  Red ", photo(RED, sizes=(50,))))
    ]
    assert first.face.profile_id == second.face.profile_id
    assert first.face.id != second.face.id


async def test_the_same_photo_is_enrolled_once(service: InMemoryService) -> None:
    first, again = [await service.enrol("Red", photo(RED)) for _ in range(2)]
    assert (again.face, again.created) == (first.face, False)


async def test_two_faces_are_refused_unless_the_largest_is_asked_for(service: InMemoryService) -> None:
    with pytest.raises(errors.MultipleFaces):
        await service.enrol("Red", photo(RED, GREEN))
    await service.enrol("Red", photo(RED, GREEN), LARGEST)
    assert await service.who(photo(RED)) == "Red"


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
    service: InMemoryService, name: str, image: Photo, model: str | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await service.enrol(name, image, EnrolmentOptions(recognition_model=model))
    assert (await service.faces.list(FaceFilter(), 10)).items == []


async def test_models_do_not_mix(service: InMemoryService) -> None:
    await service.enrol("Red", photo(RED), EnrolmentOptions(recognition_model="hue"))
    with pytest.raises(errors.NoMatch):
        await service.who(photo(RED), RecognitionOptions(recognition_model="colour", threshold=-1))


async def test_a_listing_has_pages(service: InMemoryService) -> None:
    faces = [(await service.enrol(f"P{index}", photo(RED))).face for index in range(5)]
    first = await service.faces.list(FaceFilter(), 2)
    second = await service.faces.list(FaceFilter(), 2, first.next)
    third = await service.faces.list(FaceFilter(), 2, second.next)
    assert [*first.items, *second.items, *third.items] == faces
    assert third.next is None


async def test_a_page_that_is_exactly_full_is_the_last(service: InMemoryService) -> None:
    await service.enrol("Red", photo(RED))
    assert (await service.faces.list(FaceFilter(), 1)).next is None


async def test_a_deleted_face_is_not_recognised(service: InMemoryService) -> None:
    registered = await service.enrol("Red", photo(RED))
    await service.faces.delete("default", registered.face.id)
    with pytest.raises(errors.NoMatch):
        await service.who(photo(RED))


async def test_deleting_or_moving_an_unknown_face_is_an_error(service: InMemoryService) -> None:
    with pytest.raises(errors.FaceNotFound):
        await service.faces.delete("default", FaceId(1))
    with pytest.raises(errors.FaceNotFound):
        await service.faces.move("default", FaceId(1), ProfileId(2))


async def test_a_face_that_resembles_somebody_else_is_a_conflict(service: InMemoryService) -> None:
    red = await service.enrol("Red", photo(RED))
    with pytest.raises(EnrolmentConflict) as caught:
        await service.enrol("Other", photo(RED), EnrolmentOptions(on_conflict=OnConflict.REJECT))
    (conflict,) = caught.value.conflicts
    assert (conflict.doubt, conflict.profile_id) == (ConflictKind.RESEMBLES_ANOTHER, red.face.profile_id)
    warned = await service.enrol("Other", photo(RED), EnrolmentOptions(on_conflict=OnConflict.WARN))
    assert [conflict.doubt for conflict in warned.conflicts] == [ConflictKind.RESEMBLES_ANOTHER]


async def test_a_face_that_differs_from_the_persons_others_is_a_conflict(service: InMemoryService) -> None:
    await service.enrol("Red", photo(RED))
    warned = await service.enrol("Red", photo(BLUE), EnrolmentOptions(on_conflict=OnConflict.WARN))
    assert [conflict.doubt for conflict in warned.conflicts] == [ConflictKind.DIFFERS]
    fitting = await service.enrol(
        "Red", photo(RED, sizes=(30,)), EnrolmentOptions(on_conflict=OnConflict.REJECT)
    )
    assert fitting.conflicts == ()


async def test_two_photos_and_a_person_are_verified(service: InMemoryService) -> None:
    registered = await service.enrol("Red", photo(RED))
    assert (await service.verify.two(photo(RED), photo(RED), RecognitionOptions())).match
    assert not (await service.verify.two(photo(RED), photo(BLUE), RecognitionOptions())).match
    assert (await service.verify.person(photo(RED), "Red", RecognitionOptions())).match
    assert not (
        await service.verify.person(photo(BLUE), registered.face.profile_id, RecognitionOptions())
    ).match
    for nobody in ("Blue", ProfileId(99)):
        with pytest.raises(errors.ProfileNotFound):
            await service.verify.person(photo(RED), nobody, RecognitionOptions())


async def test_embeddings_may_be_enrolled_and_recognised(service: InMemoryService) -> None:
    (face,) = await service.reader.read(photo(RED), PhotoOptions(selection=FaceSelection.SINGLE))
    vector = Vector(tuple(map(float, face.embedding.vector)))
    await service.enrol("Red", vector)
    assert await service.who(photo(RED)) == "Red"
    assert await service.who(vector) == "Red"


@pytest.mark.parametrize("values", [(), (1.0,), (0.0,) * 16, (0.5,) * 16, (float("nan"),) * 16])
async def test_what_is_no_embedding_of_the_model_is_refused(
    service: InMemoryService, values: tuple[float, ...]
) -> None:
    with pytest.raises(errors.InvalidEmbedding):
        await service.enrol("Red", Vector(values))


def test_embeddings_of_the_stand_ins_are_unit_vectors() -> None:
    models = ColourModels()
    crop = np.full((5, 5, 3), 9, np.uint8)
    assert np.linalg.norm(models.embedder("colour").embed([crop])) == pytest.approx(1)


async def test_a_face_of_somebody_else_is_reported_unless_asked_otherwise(service: InMemoryService) -> None:
    await service.enrol("Red", photo(RED))
    assert [each.doubt for each in (await service.enrol("Other", photo(RED))).conflicts] == [
        ConflictKind.RESEMBLES_ANOTHER
    ]
    assert (
        await service.enrol("Third", photo(RED), EnrolmentOptions(on_conflict=OnConflict.ALLOW))
    ).conflicts == ()


async def test_a_model_that_is_not_calibrated_enrols_without_warnings(
    service: InMemoryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise errors.ModelNotCalibrated("Nobody has measured it.")

    monkeypatch.setattr(type(service.register.policy), "verification", refuse)
    await service.enrol("Red", photo(RED))
    assert (await service.enrol("Other", photo(RED))).created
    with pytest.raises(errors.ModelNotCalibrated):
        await service.enrol("Third", photo(RED), EnrolmentOptions(on_conflict=OnConflict.REJECT))


async def test_people_are_enrolled_without_warnings_while_the_index_is_away(
    service: InMemoryService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: object, **__: object) -> None:
        raise errors.IndexUnavailable

    await service.enrol("Red", photo(RED))
    monkeypatch.setattr(InMemoryGallery, "search", unavailable)
    with pytest.raises(errors.IndexUnavailable):
        await service.enrol("Other", photo(RED), EnrolmentOptions(on_conflict=OnConflict.REJECT))
    assert (await service.enrol("Other", photo(RED))).conflicts == ()


async def test_who_is_enrolled_under_a_decomposed_name_is_verified_by_either(
    service: InMemoryService,
) -> None:
    await service.enrol("Zoe\u0308", photo(RED))
    for name in ("Zoe\u0308", " Zo\u00eb "):
        assert (await service.verify.person(photo(RED), name, RecognitionOptions())).match
        (face,) = (await service.faces.list(FaceFilter(name=name), 10)).items
        assert face.name == "Zo\u00eb"
