"""What EmbeddingRepository promises, of each adapter."""

import dataclasses
from itertools import pairwise
from uuid import UUID, uuid4

import numpy as np
import pytest
from uuid_utils.compat import uuid7

from application.ports.repository import EmbeddingRepository, FaceFilter
from domain.errors import InvalidEmbedding
from domain.faces import Embedding
from domain.people import Face
from tests.contract.enrolment import EVERYTHING, LARGE, SMALL, at, enrol, names, random_embedding


class TestAdd:
    async def test_tells_what_was_enrolled(self, repository: EmbeddingRepository) -> None:
        face = await repository.add("Ann", at(0), "detector")
        assert (face.name, face.recognition_model, face.detection_model) == ("Ann", SMALL, "detector")

    async def test_ids_are_plain_uuids(self, repository: EmbeddingRepository) -> None:
        await enrol(repository, ("Ann", at(0)))
        (face,) = await repository.list(EVERYTHING, 1)
        assert (type(face.id), type(face.profile_id)) == (UUID, UUID)

    async def test_a_name_is_one_profile(self, repository: EmbeddingRepository) -> None:
        first, second = await enrol(repository, ("Ann", at(0)), ("Ann", at(10)))
        assert first.profile_id == second.profile_id
        assert first.id != second.id

    async def test_a_profile_has_faces_of_several_models(self, repository: EmbeddingRepository) -> None:
        first, second = await enrol(repository, ("Ann", at(0)), ("Ann", random_embedding(1)))
        assert first.profile_id == second.profile_id

    @pytest.mark.parametrize(
        "other",
        ["ann", "Ann ", "\u00c4nn", "A\u0308nn", "\u5b89", "Ann\u200b", "%", "\u0410nn"],
    )
    async def test_names_are_compared_exactly(self, repository: EmbeddingRepository, other: str) -> None:
        first, second = await enrol(repository, ("Ann", at(0)), (other, at(10)))
        assert first.profile_id != second.profile_id
        assert await repository.list(FaceFilter(name=other), 10) == [second]

    async def test_another_dimension_of_the_same_model_is_refused(
        self, repository: EmbeddingRepository
    ) -> None:
        await enrol(repository, ("Ann", random_embedding(1)))
        with pytest.raises(InvalidEmbedding):
            await repository.add("Bob", random_embedding(1, dimensions=128), "detector")

    async def test_a_refused_face_leaves_no_profile(self, repository: EmbeddingRepository) -> None:
        (ann,) = await enrol(repository, ("Ann", at(0)))
        with pytest.raises(InvalidEmbedding):
            await repository.add("Bob", random_embedding(1, model=SMALL), "detector")
        assert await repository.list(EVERYTHING, 10) == [ann]
        assert names(await repository.search(at(0), 10)) == ["Ann"]

    async def test_a_model_without_faces_may_have_any_dimension(
        self, repository: EmbeddingRepository
    ) -> None:
        (ann,) = await enrol(repository, ("Ann", at(0)))
        await repository.delete(ann.id)
        await enrol(repository, ("Bob", random_embedding(1, model=SMALL)))
        assert names(await repository.search(random_embedding(1, model=SMALL), 1)) == ["Bob"]

    async def test_the_callers_array_is_not_kept(self, repository: EmbeddingRepository) -> None:
        embedding = at(0)
        await enrol(repository, ("Ann", embedding))
        embedding.vector[:] = [0.0, 1.0, 0.0]
        (match,) = await repository.search(at(0), 1)
        assert match.similarity == pytest.approx(1.0)


class TestSearch:
    async def test_nobody_in_an_empty_gallery(self, repository: EmbeddingRepository) -> None:
        assert await repository.search(at(0), 5) == []

    async def test_nearest_first(self, repository: EmbeddingRepository) -> None:
        await enrol(repository, ("far", at(90)), ("near", at(10)), ("middle", at(40)), ("opposite", at(180)))
        assert names(await repository.search(at(0), 10)) == ["near", "middle", "far", "opposite"]

    async def test_at_most_limit(self, repository: EmbeddingRepository) -> None:
        await enrol(repository, *((str(angle), at(angle)) for angle in range(30)))
        assert names(await repository.search(at(0), 3)) == ["0", "1", "2"]

    async def test_limit_zero(self, repository: EmbeddingRepository) -> None:
        await enrol(repository, ("Ann", at(0)))
        assert await repository.search(at(0), 0) == []

    @pytest.mark.parametrize("degrees", [0, 30, 60, 90, 135, 180])
    async def test_similarity_is_the_cosine(self, repository: EmbeddingRepository, degrees: int) -> None:
        await enrol(repository, ("Ann", at(degrees)))
        (match,) = await repository.search(at(0), 1)
        assert match.similarity == pytest.approx(np.cos(np.radians(degrees)), abs=1e-6)

    async def test_similarity_stays_within_its_bounds(self, repository: EmbeddingRepository) -> None:
        embeddings = [random_embedding(seed) for seed in range(30)]
        await enrol(repository, *((str(seed), embedding) for seed, embedding in enumerate(embeddings)))
        for embedding in embeddings:
            for sign in (1, -1):
                for match in await repository.search(Embedding(sign * embedding.vector, LARGE), 30):
                    assert -1.0 <= match.similarity <= 1.0

    async def test_a_match_has_the_whole_face(self, repository: EmbeddingRepository) -> None:
        (face,) = await enrol(repository, ("Ann", at(0)))
        (match,) = await repository.search(at(5), 1)
        assert match.face == face

    async def test_a_person_is_matched_once_by_their_nearest_face(
        self, repository: EmbeddingRepository
    ) -> None:
        _, near, _, _ = await enrol(
            repository, ("Ann", at(50)), ("Ann", at(10)), ("Ann", at(20)), ("Bob", at(15))
        )
        ann, bob = await repository.search(at(0), 10)
        assert ann.face == near
        assert bob.face.name == "Bob"

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 10])
    async def test_many_faces_of_one_person_crowd_nobody_out(
        self, repository: EmbeddingRepository, limit: int
    ) -> None:
        crowd = ((f"Ann's {i}", "Ann", at(i / 100)) for i in range(200))
        await enrol(repository, *((name, embedding) for _, name, embedding in crowd))
        await enrol(repository, ("Bob", at(20)), ("Cem", at(30)), ("Dan", at(40)))
        assert names(await repository.search(at(0), limit)) == ["Ann", "Bob", "Cem", "Dan"][:limit]

    @pytest.mark.parametrize("dimensions", [3, 128, 512])
    @pytest.mark.parametrize("limit", [1, 3, 7, 19])
    async def test_equal_similarities_are_ordered_by_face_id(
        self, repository: EmbeddingRepository, limit: int, dimensions: int
    ) -> None:
        twins = await enrol(repository, *((f"twin {i}", random_embedding(5, dimensions)) for i in range(19)))
        expected = sorted(twins, key=lambda face: face.id)[:limit]
        for seed in range(6, 12):
            found = await repository.search(random_embedding(seed, dimensions), limit)
            assert [match.face for match in found] == expected

    async def test_equal_faces_of_one_person_the_smallest_id_matches(
        self, repository: EmbeddingRepository
    ) -> None:
        first, *_ = await enrol(repository, *[("Ann", random_embedding(5))] * 5)
        (match,) = await repository.search(random_embedding(5), 3)
        assert match.face == first

    async def test_models_do_not_meet(self, repository: EmbeddingRepository) -> None:
        await enrol(repository, ("Ann", at(0, "one")), ("Bob", at(1, "two")))
        assert names(await repository.search(at(0, "two"), 10)) == ["Bob"]
        assert await repository.search(at(0, "three"), 10) == []

    async def test_models_of_different_dimensions_side_by_side(self, repository: EmbeddingRepository) -> None:
        for seed in range(5):
            await enrol(repository, (f"s{seed}", at(seed)), (f"l{seed}", random_embedding(seed)))
        assert names(await repository.search(at(0), 10)) == ["s0", "s1", "s2", "s3", "s4"]
        found = names(await repository.search(random_embedding(3), 10))
        assert found[0] == "l3"
        assert set(found) == {"l0", "l1", "l2", "l3", "l4"}

    @pytest.mark.parametrize("limit", [1, 5])
    async def test_a_probe_of_another_dimension_is_refused(
        self, repository: EmbeddingRepository, limit: int
    ) -> None:
        await enrol(repository, ("Ann", at(0)))
        with pytest.raises(InvalidEmbedding):
            await repository.search(random_embedding(0, model=SMALL), limit)

    async def test_a_deleted_face_is_not_found(self, repository: EmbeddingRepository) -> None:
        near, far = await enrol(repository, ("Ann", at(0)), ("Ann", at(30)))
        await repository.delete(near.id)
        (match,) = await repository.search(at(0), 10)
        assert match.face == far

    async def test_right_after_many_deletions(self, repository: EmbeddingRepository) -> None:
        faces = await enrol(repository, *((str(i), at(i)) for i in range(150)))
        for face in faces[:140]:
            await repository.delete(face.id)
        await enrol(repository, ("new", at(141.5)))
        assert names(await repository.search(at(140), 3)) == ["140", "141", "new"]

    async def test_no_vector_is_given_away(self, repository: EmbeddingRepository) -> None:
        await enrol(repository, ("Ann", at(0)))
        (match,) = await repository.search(at(0), 1)
        held = [getattr(match.face, field.name) for field in dataclasses.fields(match.face)]
        assert {type(value) for value in held} <= {str, UUID}


class TestList:
    async def test_empty(self, repository: EmbeddingRepository) -> None:
        assert await repository.list(EVERYTHING, 10) == []

    async def test_oldest_first(self, repository: EmbeddingRepository) -> None:
        faces = await enrol(repository, *((str(i), at(i)) for i in range(5)))
        assert await repository.list(EVERYTHING, 10) == faces
        assert all(first.id < second.id for first, second in pairwise(faces))

    async def test_pages(self, repository: EmbeddingRepository) -> None:
        faces = await enrol(repository, *((str(i % 3), at(i)) for i in range(7)))
        pages: list[list[Face]] = []
        after = None
        while page := await repository.list(EVERYTHING, 3, after):
            pages.append(page)
            after = page[-1].id
        assert pages == [faces[:3], faces[3:6], faces[6:]]

    async def test_after_a_face_that_is_gone(self, repository: EmbeddingRepository) -> None:
        first, second, third = await enrol(repository, ("a", at(0)), ("b", at(1)), ("c", at(2)))
        await repository.delete(second.id)
        assert await repository.list(EVERYTHING, 10, second.id) == [third]
        assert await repository.list(EVERYTHING, 10, first.id) == [third]

    async def test_filters(self, repository: EmbeddingRepository) -> None:
        ann, bob, large = await enrol(
            repository, ("Ann", at(0)), ("Bob", at(1)), ("Ann", random_embedding(1))
        )
        assert await repository.list(FaceFilter(name="Ann"), 10) == [ann, large]
        assert await repository.list(FaceFilter(profile_id=bob.profile_id), 10) == [bob]
        assert await repository.list(FaceFilter(recognition_model=SMALL), 10) == [ann, bob]
        assert await repository.list(FaceFilter(name="Ann", recognition_model=LARGE), 10) == [large]
        assert await repository.list(FaceFilter(name="Ann", profile_id=bob.profile_id), 10) == []

    async def test_filtered_pages(self, repository: EmbeddingRepository) -> None:
        faces = await enrol(repository, *((("Ann", "Bob")[i % 2], at(i)) for i in range(8)))
        assert await repository.list(FaceFilter(name="Ann"), 2, faces[1].id) == [faces[2], faces[4]]

    @pytest.mark.parametrize("unknown", ["", "nobody", "Ann' OR 1=1", "nul\0", "\ud800", "%"])
    async def test_unknown_words_find_nothing(self, repository: EmbeddingRepository, unknown: str) -> None:
        await enrol(repository, ("Ann", at(0)))
        assert await repository.list(FaceFilter(name=unknown), 10) == []
        assert await repository.list(FaceFilter(recognition_model=unknown), 10) == []

    async def test_unknown_profile_finds_nothing(self, repository: EmbeddingRepository) -> None:
        await enrol(repository, ("Ann", at(0)))
        assert await repository.list(FaceFilter(profile_id=uuid4()), 10) == []


class TestDelete:
    async def test_unknown_face(self, repository: EmbeddingRepository) -> None:
        assert await repository.delete(uuid7()) is False

    async def test_once(self, repository: EmbeddingRepository) -> None:
        (face,) = await enrol(repository, ("Ann", at(0)))
        assert await repository.delete(face.id) is True
        assert await repository.delete(face.id) is False
        assert await repository.list(EVERYTHING, 10) == []

    async def test_the_profile_stays_with_another_face(self, repository: EmbeddingRepository) -> None:
        first, second = await enrol(repository, ("Ann", at(0)), ("Ann", random_embedding(1)))
        await repository.delete(first.id)
        (third,) = await enrol(repository, ("Ann", at(1)))
        assert second.profile_id == third.profile_id

    async def test_the_profile_goes_with_its_last_face(self, repository: EmbeddingRepository) -> None:
        (old,) = await enrol(repository, ("Ann", at(0)))
        await repository.delete(old.id)
        (new,) = await enrol(repository, ("Ann", at(0)))
        assert old.profile_id != new.profile_id

    async def test_others_are_left_alone(self, repository: EmbeddingRepository) -> None:
        ann, bob = await enrol(repository, ("Ann", at(0)), ("Bob", at(0)))
        await repository.delete(ann.id)
        assert await repository.list(EVERYTHING, 10) == [bob]


async def test_ping(repository: EmbeddingRepository) -> None:
    await repository.ping()
