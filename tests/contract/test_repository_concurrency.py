"""What EmbeddingRepository promises when its methods run at the same time."""

import asyncio

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.tables import profile
from application.ports.repository import EmbeddingRepository, FaceFilter
from tests.contract.enrolment import EVERYTHING, at, enrol, names


class TestConcurrency:
    async def test_one_new_name_many_times_is_one_profile(self, repository: EmbeddingRepository) -> None:
        faces = await asyncio.gather(*(repository.add("Ann", at(i), "detector") for i in range(16)))
        assert len({face.profile_id for face in faces}) == 1
        assert len(await repository.list(EVERYTHING, 100)) == 16

    async def test_one_face_deleted_many_times_goes_once(self, repository: EmbeddingRepository) -> None:
        ann, _ = await enrol(repository, ("Ann", at(0)), ("Ann", at(1)))
        gone = await asyncio.gather(*(repository.delete(ann.id) for _ in range(8)))
        assert gone.count(True) == 1

    async def test_all_faces_deleted_at_once_leave_no_profile(self, repository: EmbeddingRepository) -> None:
        faces = await enrol(repository, *(("Ann", at(i)) for i in range(8)))
        assert all(await asyncio.gather(*(repository.delete(face.id) for face in faces)))
        (again,) = await enrol(repository, ("Ann", at(0)))
        assert again.profile_id != faces[0].profile_id

    async def test_adding_beside_deleting_the_last_face_loses_nothing(
        self, repository: EmbeddingRepository
    ) -> None:
        for turn in range(20):
            (old,) = await enrol(repository, ("Ann", at(0)))
            new, gone = await asyncio.gather(
                repository.add("Ann", at(turn), "detector"), repository.delete(old.id)
            )
            assert gone
            assert await repository.list(FaceFilter(name="Ann"), 10) == [new]
            await repository.delete(new.id)

    async def test_searches_beside_changes_find_whom_they_should(
        self, repository: EmbeddingRepository
    ) -> None:
        await enrol(repository, ("Ann", at(0)))

        async def come_and_go(i: int) -> None:
            for _ in range(10):
                face = await repository.add(f"other {i}", at(90 + i), "detector")
                await repository.delete(face.id)

        async def look() -> None:
            for _ in range(20):
                assert names(await repository.search(at(1), 1)) == ["Ann"]

        await asyncio.gather(*(come_and_go(i) for i in range(3)), *(look() for _ in range(3)))


async def test_no_race_leaves_an_empty_profile(pgvector: EmbeddingRepository, engine: AsyncEngine) -> None:
    async def come_and_go(i: int) -> None:
        for turn in range(15):
            face = await pgvector.add(f"person {turn % 2}", at(i), "detector")
            await pgvector.delete(face.id)

    await asyncio.gather(*(come_and_go(i) for i in range(6)))
    async with engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(profile)) == 0
