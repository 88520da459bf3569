"""What Gallery promises, of each adapter."""

import numpy as np
import pytest

from domain.errors import CollectionNotFound, InvalidEmbedding
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import NOBODY, SMALL, at, enrol, names, random_embedding, search
from tests.contract.storage import Storage


@pytest.fixture(params=["memory", "pgvector", "indexed", "sealed", "shared"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """The adapters of Gallery, with the rest of their storage."""
    adapters: Storage = request.getfixturevalue(request.param)
    return adapters


class TestSearch:
    async def test_nobody_in_an_empty_gallery(self, storage: Storage) -> None:
        assert (await search(storage, at(0), 5)).candidates == []

    async def test_nearest_first(self, storage: Storage) -> None:
        await enrol(
            storage.faces, ("far", at(90)), ("near", at(10)), ("middle", at(40)), ("opposite", at(180))
        )
        assert names(await search(storage, at(0), 10)) == ["near", "middle", "far", "opposite"]

    async def test_at_most_limit(self, storage: Storage) -> None:
        await enrol(storage.faces, *((str(angle), at(angle)) for angle in range(30)))
        assert names(await search(storage, at(0), 3)) == ["0", "1", "2"]

    async def test_limit_zero(self, storage: Storage) -> None:
        await enrol(storage.faces, ("Ann", at(0)))
        assert (await search(storage, at(0), 0)).candidates == []

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 10])
    async def test_many_faces_of_one_person_crowd_nobody_out(self, storage: Storage, limit: int) -> None:
        crowd = ((f"Ann's {i}", "Ann", at(i / 100)) for i in range(200))
        await enrol(storage.faces, *((name, embedding) for _, name, embedding in crowd))
        await enrol(storage.faces, ("Bob", at(20)), ("Cem", at(30)), ("Dan", at(40)))
        assert names(await search(storage, at(0), limit)) == ["Ann", "Bob", "Cem", "Dan"][:limit]

    async def test_models_do_not_meet(self, storage: Storage) -> None:
        await enrol(storage.faces, ("Ann", at(0, "one")), ("Bob", at(1, "two")))
        assert names(await search(storage, at(0, "two"), 10)) == ["Bob"]
        assert (await search(storage, at(0, "three"), 10)).candidates == []

    async def test_models_of_different_dimensions_side_by_side(self, storage: Storage) -> None:
        for seed in range(5):
            await enrol(storage.faces, (f"s{seed}", at(seed)), (f"l{seed}", random_embedding(seed)))
        assert names(await search(storage, at(0), 10)) == ["s0", "s1", "s2", "s3", "s4"]
        found = names(await search(storage, random_embedding(3), 10))
        assert found[0] == "l3"
        assert set(found) == {"l0", "l1", "l2", "l3", "l4"}

    @pytest.mark.parametrize("limit", [1, 5])
    async def test_a_probe_of_another_dimension_is_refused(self, storage: Storage, limit: int) -> None:
        await enrol(storage.faces, ("Ann", at(0)))
        with pytest.raises(InvalidEmbedding):
            await search(storage, random_embedding(0, model=SMALL), limit)

    async def test_right_after_many_deletions(self, storage: Storage) -> None:
        faces = await enrol(storage.faces, *((str(i), at(i)) for i in range(150)))
        for face in faces[:140]:
            await storage.faces.delete(DEFAULT, face.id)
        await enrol(storage.faces, ("new", at(141.5)))
        assert names(await search(storage, at(140), 3)) == ["140", "141", "new"]

    async def test_a_candidate_has_all_faces_of_the_model_in_the_order_of_their_ids(
        self, storage: Storage
    ) -> None:
        angles = [50.0, 10.0, 170.0, 20.0]
        faces = await enrol(
            storage.faces, *(("Ann", at(angle)) for angle in angles), ("Ann", random_embedding(1))
        )
        (ann,) = (await search(storage, at(0), 3)).candidates
        assert (ann.profile_id, ann.name) == (faces[0].profile_id, "Ann")
        assert ann.faces == tuple(faces[:4])
        np.testing.assert_allclose(ann.vectors, [at(angle).vector for angle in angles], atol=1e-7)
        assert ann.vectors.dtype == np.float32

    async def test_vectors_are_given_back_to_the_bit(self, storage: Storage) -> None:
        embedding = random_embedding(1)
        await enrol(storage.faces, ("Ann", embedding))
        (ann,) = (await search(storage, embedding, 1)).candidates
        assert ann.vectors.tobytes() == embedding.vector.tobytes()

    async def test_a_person_is_as_near_as_their_nearest_face(self, storage: Storage) -> None:
        await enrol(storage.faces, ("Ann", at(170)), ("Bob", at(15)), ("Ann", at(10)), ("Cem", at(12)))
        assert names(await search(storage, at(0), 3)) == ["Ann", "Cem", "Bob"]

    @pytest.mark.parametrize("dimensions", [3, 128, 512])
    @pytest.mark.parametrize("limit", [1, 3, 7, 19])
    async def test_equal_similarities_are_ordered_by_face_id(
        self, storage: Storage, limit: int, dimensions: int
    ) -> None:
        twins = await enrol(storage.faces, *((f"{i}", random_embedding(5, dimensions)) for i in range(19)))
        for seed in range(6, 9):
            found = await search(storage, random_embedding(seed, dimensions), limit)
            assert [candidate.faces for candidate in found.candidates] == [(face,) for face in twins[:limit]]

    async def test_deleted_and_moved_faces_are_not_found(self, storage: Storage) -> None:
        near, far, bob = await enrol(storage.faces, ("Ann", at(0)), ("Ann", at(30)), ("Bob", at(60)))
        await storage.faces.delete(DEFAULT, near.id)
        assert (await search(storage, at(0), 1)).candidates[0].faces == (far,)
        await storage.faces.move(DEFAULT, far.id, bob.profile_id)
        assert names(await search(storage, at(0), 2)) == ["Bob"]

    async def test_a_renamed_person_is_found_by_the_new_name(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        await storage.profiles.update(DEFAULT, ann.profile_id, "Anna")
        (found,) = (await search(storage, at(0), 1)).candidates
        assert (found.name, found.faces[0].name) == ("Anna", "Anna")

    async def test_no_collection(self, storage: Storage) -> None:
        with pytest.raises(CollectionNotFound):
            await search(storage, at(0), 1, collection="nowhere")


class TestSearched:
    @pytest.mark.parametrize("limit", [0, 1, 2, 10])
    async def test_people_with_faces_of_the_model_are_counted_once(
        self, storage: Storage, limit: int
    ) -> None:
        people = ("Ann", at(0)), ("Ann", at(1)), ("Bob", at(2)), ("Cem", random_embedding(1))
        await enrol(storage.faces, *people)
        await storage.profiles.create(DEFAULT, "Dan", {})
        assert (await search(storage, at(0), limit)).searched == 2

    async def test_follows_every_change(self, storage: Storage) -> None:
        async def searched() -> int:
            return (await search(storage, at(0), 1)).searched

        ann, again, bob, _ = await enrol(
            storage.faces, ("Ann", at(0)), ("Ann", at(1)), ("Bob", at(2)), ("Cem", at(3))
        )
        assert await searched() == 3
        await storage.faces.delete(DEFAULT, ann.id)
        assert await searched() == 3
        await storage.faces.move(DEFAULT, again.id, bob.profile_id)
        assert await searched() == 2
        await storage.profiles.delete(DEFAULT, bob.profile_id)
        assert await searched() == 1

    async def test_nobody(self, storage: Storage) -> None:
        assert (await search(storage, at(0), 1)).searched == 0


class TestMetadata:
    async def test_narrows_whom_is_searched(self, storage: Storage) -> None:
        for index, (name, team) in enumerate({"Ann": "red", "Bob": "blue", "Cem": "red"}.items()):
            await storage.profiles.create(DEFAULT, name, {"team": team, "n": index})
            await enrol(storage.faces, (name, at(index)), (name, at(index + 0.1)))
        found = await search(storage, at(1), 5, {"team": "red"})
        assert (found.searched, names(found)) == (2, ["Ann", "Cem"])
        assert names(await search(storage, at(1), 5, {"team": "red", "n": 0})) == ["Ann"]
        assert (await search(storage, at(1), 5, {"team": "green"})).searched == 0
        assert names(await search(storage, at(1), 5, {})) == ["Bob", "Ann", "Cem"]

    @pytest.mark.parametrize("limit", [1, 2])
    async def test_the_others_crowd_nobody_out(self, storage: Storage, limit: int) -> None:
        for name in ("Ann", "Bob"):
            await storage.profiles.create(DEFAULT, name, {"wanted": True})
        await enrol(storage.faces, *((f"other {i}", at(i / 10)) for i in range(100)))
        await enrol(storage.faces, *(("Ann", at(20 + i / 10)) for i in range(100)), ("Bob", at(90)))
        found = await search(storage, at(0), limit, {"wanted": True})
        assert (found.searched, names(found)) == (2, ["Ann", "Bob"][:limit])


class TestPerson:
    async def test_all_faces_of_the_model(self, storage: Storage) -> None:
        one, two, _, _ = await enrol(
            storage.faces, ("Ann", at(0)), ("Ann", at(1)), ("Ann", random_embedding(1)), ("Bob", at(2))
        )
        ann = await storage.gallery.person(SMALL, DEFAULT, one.profile_id)
        assert ann is not None
        assert (ann.profile_id, ann.name, ann.faces) == (one.profile_id, "Ann", (one, two))
        np.testing.assert_allclose(ann.vectors, [at(0).vector, at(1).vector], atol=1e-7)

    async def test_nobody(self, storage: Storage) -> None:
        (ann,) = await enrol(storage.faces, ("Ann", at(0)))
        await storage.collections.create("other")
        assert await storage.gallery.person(SMALL, DEFAULT, NOBODY) is None
        assert await storage.gallery.person("unknown", DEFAULT, ann.profile_id) is None
        assert await storage.gallery.person(SMALL, "other", ann.profile_id) is None
