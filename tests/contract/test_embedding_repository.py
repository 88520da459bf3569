"""What EmbeddingRepository promises, of each adapter."""

import dataclasses
from itertools import pairwise

import pytest

from application.ports.faces import FaceFilter, NewFace
from domain.erasure import Removed
from domain.errors import CollectionNotFound, InvalidEmbedding, ProfileNotFound
from domain.models import ModelChoice
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import Face
from tests.contract.enrolment import (
    EVERYTHING,
    LARGE,
    NO_FACE,
    NOBODY,
    SMALL,
    at,
    enrol,
    names,
    new,
    photo_of,
    random_embedding,
    search,
)
from tests.contract.storage import Storage


class TestAdd:
    async def test_tells_what_was_enrolled(self, storage: Storage) -> None:
        enrolment = await storage.faces.add(new("Ann", at(0)))
        face = enrolment.face
        assert enrolment.created
        assert (face.name, face.recognition_model, face.detection_model) == ("Ann", SMALL, "detector")

    async def test_ids_are_plain_positive_integers(self, storage: Storage) -> None:
        (enrolled,) = await enrol(storage.faces, ("Ann", at(0)))
        (face,) = await storage.faces.list(EVERYTHING, 1)
        assert face == enrolled
        assert (type(face.id), type(face.profile_id)) == (int, int)
        assert min(face.id, face.profile_id) > 0

    async def test_ids_are_never_given_again(self, storage: Storage) -> None:
        (old,) = await enrol(storage.faces, ("Ann", at(0)))
        await storage.faces.delete(DEFAULT, old.id)
        (new,) = await enrol(storage.faces, ("Bob", at(0)))
        assert new.id > old.id
        assert new.profile_id > old.profile_id

    async def test_a_name_is_one_profile(self, storage: Storage) -> None:
        first, second = await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(10)))
        assert first.profile_id == second.profile_id
        assert first.id != second.id

    async def test_a_profile_has_faces_of_several_models(self, storage: Storage) -> None:
        first, second = await enrol(storage.faces, ("Ann", at(0)), ("Ann", random_embedding(1)))
        assert first.profile_id == second.profile_id

    @pytest.mark.parametrize(
        "other",
        ["ann", "Ann ", "\u00c4nn", "A\u0308nn", "\u5b89", "Ann\u200b", "%", "\u0410nn"],
    )
    async def test_names_are_compared_exactly(self, storage: Storage, other: str) -> None:
        first, second = await enrol(storage.faces, ("Ann", at(0)), (other, at(10)))
        assert first.profile_id != second.profile_id
        assert await storage.faces.list(FaceFilter(name=other), 10) == [second]

    async def test_another_dimension_of_the_same_model_is_refused(self, storage: Storage) -> None:
        await enrol(storage.faces, ("Ann", random_embedding(1)))
        with pytest.raises(InvalidEmbedding):
            await storage.faces.add(new("Bob", random_embedding(1, dimensions=128)))

    async def test_a_refused_face_leaves_no_profile(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        with pytest.raises(InvalidEmbedding):
            await storage.faces.add(new("Bob", random_embedding(1, model=SMALL)))
        assert await storage.faces.list(EVERYTHING, 10) == [ann]
        assert names(await search(storage, at(0), 10)) == ["Ann"]

    async def test_a_model_without_faces_may_have_any_dimension(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        await storage.faces.delete(DEFAULT, ann.id)
        await enrol(storage.faces, ("Bob", random_embedding(1, model=SMALL)))
        assert names(await search(storage, random_embedding(1, model=SMALL), 1)) == ["Bob"]

    async def test_the_callers_array_is_not_kept(self, storage: Storage) -> None:
        embedding = at(0)
        await enrol(storage.faces, ("Ann", embedding))
        embedding.vector[:] = [0.0, 1.0, 0.0]
        found = await search(storage, at(0), 1)
        assert found.candidates[0].vectors[0] == pytest.approx(at(0).vector)

    async def test_to_a_person_by_id(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        enrolment = await storage.faces.add(NewFace(DEFAULT, ann.profile_id, at(1), "detector"))
        assert (enrolment.face.profile_id, enrolment.face.name) == (ann.profile_id, "Ann")
        assert await storage.faces.list(EVERYTHING, 10) == [ann, enrolment.face]

    async def test_to_nobody(self, storage: Storage) -> None:
        with pytest.raises(ProfileNotFound):
            await storage.faces.add(NewFace(DEFAULT, NOBODY, at(1), "detector"))
        assert await storage.faces.list(EVERYTHING, 10) == []

    async def test_to_a_person_of_another_collection(self, storage: Storage) -> None:
        await storage.collections.create("other")
        (ann,) = await enrol(storage.faces, ("Ann", at(0)), collection="other")
        with pytest.raises(ProfileNotFound):
            await storage.faces.add(NewFace(DEFAULT, ann.profile_id, at(1), "detector"))

    async def test_to_no_collection(self, storage: Storage) -> None:
        with pytest.raises(CollectionNotFound):
            await storage.faces.add(new("Ann", at(0), "nowhere"))

    async def test_another_dimension_for_a_known_person(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        embedding = random_embedding(1, model=SMALL)
        with pytest.raises(InvalidEmbedding):
            await storage.faces.add(NewFace(DEFAULT, ann.profile_id, embedding, "detector"))

    async def test_collections_may_differ_in_dimension(self, storage: Storage) -> None:
        await storage.collections.create("other")
        await enrol(storage.faces, ("Ann", at(0)))
        await enrol(storage.faces, ("Ann", random_embedding(1, model=SMALL)), collection="other")


class TestEnrolled:
    MODELS = ModelChoice("detector", SMALL)

    async def test_what_adding_would_answer_with(self, storage: Storage) -> None:
        one = await storage.faces.add(photo_of("Ann", at(0), "one"))
        two = await storage.faces.add(photo_of("Bob", at(0), "two"))
        photos = [(name, digest.ljust(32)) for name in ("Bob", "Ann", "Zoe") for digest in (b"one", b"two")]
        assert await storage.faces.enrolled(DEFAULT, self.MODELS, photos) == [
            None,
            two.face,
            one.face,
            None,
            None,
            None,
        ]

    @pytest.mark.parametrize("models", [ModelChoice("detector", LARGE), ModelChoice("other", SMALL)])
    async def test_by_these_models_only(self, storage: Storage, models: ModelChoice) -> None:
        await storage.faces.add(photo_of("Ann", at(0), "one"))
        assert await storage.faces.enrolled(DEFAULT, models, [("Ann", b"one".ljust(32))]) == [None]

    async def test_in_this_collection_only(self, storage: Storage) -> None:
        await storage.collections.create("other")
        await storage.faces.add(photo_of("Ann", at(0), "one"))
        photos = [("Ann", b"one".ljust(32))]
        assert await storage.faces.enrolled("other", self.MODELS, photos) == [None]
        assert await storage.faces.enrolled("nowhere", self.MODELS, photos) == [None]

    async def test_names_that_nobody_can_have(self, storage: Storage) -> None:
        assert (
            await storage.faces.enrolled(DEFAULT, self.MODELS, [("\0", b""), ("\ud800", b"")]) == [None] * 2
        )
        assert await storage.faces.enrolled(DEFAULT, self.MODELS, []) == []


class TestSamePhoto:
    async def test_is_answered_with_the_face_that_is_there(self, storage: Storage) -> None:
        first = await storage.faces.add(photo_of("Ann", at(0), "photo"))
        again = await storage.faces.add(photo_of("Ann", at(5), "photo"))
        assert (again.face, again.created) == (first.face, False)
        assert await storage.faces.list(EVERYTHING, 10) == [first.face]

    async def test_changes_nothing(self, storage: Storage) -> None:
        await storage.faces.add(photo_of("Ann", at(0), "photo"))
        await storage.faces.add(photo_of("Ann", at(90), "photo"))
        (candidate,) = (await search(storage, at(0), 1)).candidates
        assert candidate.vectors[0] == pytest.approx(at(0).vector)

    @pytest.mark.parametrize(
        "other",
        [
            photo_of("Bob", at(0), "photo"),
            photo_of("Ann", at(0), "another"),
            photo_of("Ann", at(0, "other"), "photo"),
            dataclasses.replace(photo_of("Ann", at(0), "photo"), detection_model="another"),
            new("Ann", at(0)),
        ],
        ids=["person", "photo", "recogniser", "detector", "embedding"],
    )
    async def test_is_one_of_the_same_person_and_models(self, storage: Storage, other: NewFace) -> None:
        await storage.faces.add(photo_of("Ann", at(0), "photo"))
        assert (await storage.faces.add(other)).created
        assert len(await storage.faces.list(EVERYTHING, 10)) == 2

    async def test_embeddings_without_a_photo_are_never_the_same(self, storage: Storage) -> None:
        await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(0)))
        assert len(await storage.faces.list(EVERYTHING, 10)) == 2

    async def test_may_come_again_after_its_face_is_gone(self, storage: Storage) -> None:
        first = await storage.faces.add(photo_of("Ann", at(0), "photo"))
        await storage.faces.add(new("Ann", at(1)))
        await storage.faces.delete(DEFAULT, first.face.id)
        assert (await storage.faces.add(photo_of("Ann", at(0), "photo"))).created


class TestGet:
    async def test_the_face(self, storage: Storage) -> None:
        _, bob = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(1)))
        assert await storage.faces.get(DEFAULT, bob.id) == bob

    async def test_not_of_another_collection(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        await storage.collections.create("other")
        assert await storage.faces.get("other", ann.id) is None
        assert await storage.faces.get("nowhere", ann.id) is None

    async def test_unknown(self, storage: Storage) -> None:
        assert await storage.faces.get(DEFAULT, NO_FACE) is None


class TestList:
    async def test_empty(self, storage: Storage) -> None:
        assert await storage.faces.list(EVERYTHING, 10) == []

    async def test_oldest_first(self, storage: Storage) -> None:
        faces = await enrol(storage.faces, *((str(i), at(i)) for i in range(5)))
        assert await storage.faces.list(EVERYTHING, 10) == faces
        assert all(first.id < second.id for first, second in pairwise(faces))

    async def test_pages(self, storage: Storage) -> None:
        faces = await enrol(storage.faces, *((str(i % 3), at(i)) for i in range(7)))
        pages: list[list[Face]] = []
        after = None
        while page := await storage.faces.list(EVERYTHING, 3, after):
            pages.append(page)
            after = page[-1].id
        assert pages == [faces[:3], faces[3:6], faces[6:]]

    async def test_after_a_face_that_is_gone(self, storage: Storage) -> None:
        first, second, third = await enrol(storage.faces, ("a", at(0)), ("b", at(1)), ("c", at(2)))
        await storage.faces.delete(DEFAULT, second.id)
        assert await storage.faces.list(EVERYTHING, 10, second.id) == [third]
        assert await storage.faces.list(EVERYTHING, 10, first.id) == [third]

    async def test_filters(self, storage: Storage) -> None:
        ann, bob, large = await enrol(
            storage.faces, ("Ann", at(0)), ("Bob", at(1)), ("Ann", random_embedding(1))
        )
        assert await storage.faces.list(FaceFilter(name="Ann"), 10) == [ann, large]
        assert await storage.faces.list(FaceFilter(profile_id=bob.profile_id), 10) == [bob]
        assert await storage.faces.list(FaceFilter(recognition_model=SMALL), 10) == [ann, bob]
        assert await storage.faces.list(FaceFilter(name="Ann", recognition_model=LARGE), 10) == [large]
        assert await storage.faces.list(FaceFilter(name="Ann", profile_id=bob.profile_id), 10) == []

    async def test_filtered_pages(self, storage: Storage) -> None:
        faces = await enrol(storage.faces, *((("Ann", "Bob")[i % 2], at(i)) for i in range(8)))
        assert await storage.faces.list(FaceFilter(name="Ann"), 2, faces[1].id) == [faces[2], faces[4]]

    @pytest.mark.parametrize("unknown", ["", "nobody", "Ann' OR 1=1", "nul\0", "\ud800", "%"])
    async def test_unknown_words_find_nothing(self, storage: Storage, unknown: str) -> None:
        await enrol(storage.faces, ("Ann", at(0)))
        assert await storage.faces.list(FaceFilter(name=unknown), 10) == []
        assert await storage.faces.list(FaceFilter(recognition_model=unknown), 10) == []

    async def test_unknown_profile_finds_nothing(self, storage: Storage) -> None:
        await enrol(storage.faces, ("Ann", at(0)))
        assert await storage.faces.list(FaceFilter(profile_id=NOBODY), 10) == []


class TestDelete:
    async def test_unknown_face(self, storage: Storage) -> None:
        assert await storage.faces.delete(DEFAULT, NO_FACE) is None

    async def test_once(self, storage: Storage) -> None:
        (face,) = await enrol(storage.faces, ("Ann", at(0)))
        assert await storage.faces.delete(DEFAULT, face.id) == Removed(people=1, faces=1)
        assert await storage.faces.delete(DEFAULT, face.id) is None
        assert await storage.faces.list(EVERYTHING, 10) == []

    async def test_the_profile_stays_with_another_face(self, storage: Storage) -> None:
        first, second = await enrol(storage.faces, ("Ann", at(0)), ("Ann", random_embedding(1)))
        assert await storage.faces.delete(DEFAULT, first.id) == Removed(people=0, faces=1)
        (third,) = await enrol(storage.faces, ("Ann", at(1)))
        assert second.profile_id == third.profile_id

    async def test_the_profile_goes_with_its_last_face(self, storage: Storage) -> None:
        (old,) = await enrol(storage.faces, ("Ann", at(0)))
        await storage.faces.delete(DEFAULT, old.id)
        (new,) = await enrol(storage.faces, ("Ann", at(0)))
        assert old.profile_id != new.profile_id

    async def test_others_are_left_alone(self, storage: Storage) -> None:
        ann, bob = await enrol(storage.faces, ("Ann", at(0)), ("Bob", at(0)))
        await storage.faces.delete(DEFAULT, ann.id)
        assert await storage.faces.list(EVERYTHING, 10) == [bob]


async def test_ping(storage: Storage) -> None:
    await storage.faces.ping()
