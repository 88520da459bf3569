"""What is stored is encrypted, with another key or no more, and found all the time."""

import asyncio
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.gallery_index.faiss.store import FaissIndexStore
from adapters.gallery_index.gallery import IndexedGallery
from adapters.postgres.change_feed import PostgresChangeFeed
from adapters.postgres.encryption import PostgresEncryption, check_keys
from adapters.postgres.engine import make_engine
from adapters.postgres.gallery import PgVectorGallery
from adapters.postgres.liveness_sessions import PostgresLivenessSessions
from adapters.postgres.repository import PgVectorRepository
from adapters.postgres.sealed_gallery import SealedGallery
from application.encryption import ChangeEncryption, Converted
from application.errors import CommandError, StartupError
from application.ports.encryption import Encrypted, Part
from domain.errors import IndexUnavailable, Unavailable
from domain.people import DEFAULT_COLLECTION as DEFAULT
from domain.people import FaceId
from tests.contract.enrolment import names, photo_of, random_embedding
from tests.contract.storage import on_postgres
from tests.contract.test_liveness_sessions import PASSED, VIEWS, kept
from tests.sealing import FakeSealing

PEOPLE = 5
CROP = b"\x89PNG of somebody" * 20
FIRST = FakeSealing()


async def enrol(engine: AsyncEngine) -> list[FaceId]:
    repository = PgVectorRepository(engine)
    people = [photo_of(f"P{one}", random_embedding(one), f"photo {one}") for one in range(PEOPLE)]
    return [(await repository.add(dataclasses.replace(face, crop=CROP))).face.id for face in people]


async def change(engine: AsyncEngine, *, decrypt: bool = False) -> Converted:
    done = [
        step async for step in ChangeEncryption(PostgresEncryption(engine), 0.01).execute(decrypt=decrypt)
    ]
    return done[-1]


async def stored(engine: AsyncEngine) -> bytes:
    """Everything that is stored about faces, one after another."""
    statement = text(
        "SELECT embedding::text, vector_send(embedding), face.sealed, image, face_crop.sealed"
        " FROM face JOIN face_crop ON face_id = face.id ORDER BY id"
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(statement)).all()
    return b"".join(
        str(value).encode() if isinstance(value, str) else value or b"" for row in rows for value in row
    )


def bytes_of(number: int) -> bytes:
    return random_embedding(number).vector.astype(">f4").tobytes()


async def nearest(engine: AsyncEngine, number: int) -> str:
    return names(await SealedGallery(engine).search(random_embedding(number), DEFAULT, 1))[0]


async def test_nothing_that_is_enrolled_is_stored_as_it_is(
    engine: AsyncEngine, sealed_engine: AsyncEngine
) -> None:
    await enrol(engine)
    assert bytes_of(0) in await stored(engine)
    assert CROP in await stored(engine)
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM face"))
    await enrol(sealed_engine)
    content = await stored(engine)
    assert len(content) > PEOPLE * len(CROP)
    for number in range(PEOPLE):
        whole = bytes_of(number)
        assert not any(whole[place : place + 8] in content for place in range(0, len(whole), 8))
    assert CROP[:8] not in content


async def test_what_was_plain_is_encrypted(engine: AsyncEngine, sealed_engine: AsyncEngine) -> None:
    await enrol(engine)
    assert await PostgresEncryption(sealed_engine).counts() == [
        Encrypted(Part.FACES, None, PEOPLE),
        Encrypted(Part.CROPS, None, PEOPLE),
    ]
    assert await nearest(sealed_engine, 3) == "P3"
    done = await change(sealed_engine)
    assert (done.faces, done.crops, done.broken) == (PEOPLE, PEOPLE, [])
    assert bytes_of(0) not in await stored(engine)
    key = FIRST.key_ids[0].hex()
    counted = [Encrypted(Part.FACES, key, PEOPLE), Encrypted(Part.CROPS, key, PEOPLE)]
    assert await PostgresEncryption(sealed_engine).counts() == counted
    assert await nearest(sealed_engine, 3) == "P3"
    assert (await change(sealed_engine)).faces == 0


async def test_encrypting_changes_no_face(engine: AsyncEngine, sealed_engine: AsyncEngine) -> None:
    """Indexes follow the database by revisions, and archives by content."""
    await enrol(engine)
    revisions = text("SELECT id, revision FROM face ORDER BY id")
    async with engine.connect() as connection:
        before = (await connection.execute(revisions)).all()
    faces = await on_postgres(engine).archive.faces(DEFAULT, 10)
    await change(sealed_engine)
    async with engine.connect() as connection:
        assert (await connection.execute(revisions)).all() == before
    for was, now in zip(faces, await on_postgres(sealed_engine).archive.faces(DEFAULT, 10), strict=True):
        assert (was.face, was.digest, was.crop) == (now.face, now.digest, now.crop)
        np.testing.assert_array_equal(was.embedding.vector, now.embedding.vector)


async def test_a_page_may_have_both(engine: AsyncEngine, sealed_engine: AsyncEngine) -> None:
    await enrol(engine)
    first = await PostgresEncryption(sealed_engine).convert(Part.FACES, 0, decrypt=False)
    assert first.done == PEOPLE
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM face WHERE id % 2 = 0"))
    await enrol(engine)
    for number in range(PEOPLE):
        assert await nearest(sealed_engine, number) == f"P{number}"


async def test_another_key(
    engine: AsyncEngine, sealed_engine: AsyncEngine, rotated_engine: AsyncEngine, database_url: str
) -> None:
    await check_keys(engine)
    await check_keys(sealed_engine)
    await enrol(sealed_engine)
    await check_keys(rotated_engine)
    with pytest.raises(StartupError, match=r"^FACE_ENCRYPTION_KEY_FILE: .*has another key"):
        await check_keys(sealed_engine)
    assert await nearest(rotated_engine, 2) == "P2"
    assert (await change(rotated_engine)).faces == PEOPLE
    with pytest.raises(StartupError):
        await check_keys(sealed_engine)
    alone = make_engine(database_url, 1, FakeSealing(b"another key"))
    await check_keys(alone)
    assert await nearest(alone, 2) == "P2"
    await alone.dispose()


async def test_no_key_any_more(engine: AsyncEngine, sealed_engine: AsyncEngine) -> None:
    await check_keys(sealed_engine)
    await enrol(sealed_engine)
    with pytest.raises(StartupError, match=r"^FACE_ENCRYPTION_KEY_FILE: .*is missing"):
        await check_keys(engine)
    done = await change(sealed_engine, decrypt=True)
    assert (done.faces, done.crops, done.broken) == (PEOPLE, PEOPLE, [])
    await check_keys(engine)
    assert names(await PgVectorGallery(engine).search(random_embedding(3), DEFAULT, 1)) == ["P3"]
    assert CROP in await stored(engine)


async def test_who_only_looks_leaves_no_key(engine: AsyncEngine, sealed_engine: AsyncEngine) -> None:
    """Or nobody could start without it, such as after a look at what was decrypted."""
    await check_keys(sealed_engine, enrols=False)
    await check_keys(engine)


async def test_a_process_without_the_key_finds_nobody_rather_than_somebody_else(
    engine: AsyncEngine, sealed_engine: AsyncEngine
) -> None:
    await enrol(engine)
    await check_keys(sealed_engine)
    (face_id, *_) = await enrol(sealed_engine)
    with pytest.raises(Unavailable):
        await PgVectorGallery(engine).search(random_embedding(1), DEFAULT, 1)
    await change(sealed_engine)
    face = await PgVectorRepository(engine).get(DEFAULT, face_id)
    assert face is not None
    with pytest.raises(Unavailable):
        await PgVectorGallery(engine).person("large", DEFAULT, face.profile_id)


async def test_what_was_changed_in_the_database_is_noticed(
    engine: AsyncEngine, sealed_engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    one, two, *_ = await enrol(sealed_engine)
    swap = (
        "UPDATE face SET sealed = other.sealed FROM face AS other"
        " WHERE face.id + other.id = :both AND face.id IN (:one, :two)"
    )
    async with engine.begin() as connection:
        await connection.execute(text(swap), {"both": one + two, "one": one, "two": two})
    with pytest.raises(Unavailable):
        await nearest(sealed_engine, 0)
    assert f"face {one} large can't be opened" in caplog.text


async def test_what_can_not_be_decrypted_is_told_and_left(
    engine: AsyncEngine, sealed_engine: AsyncEngine
) -> None:
    await check_keys(sealed_engine)
    one, *_ = await enrol(sealed_engine)
    async with engine.begin() as connection:
        await connection.execute(
            text("UPDATE face SET sealed = set_byte(sealed, 40, 255 - get_byte(sealed, 40)) WHERE id = :one"),
            {"one": one},
        )
    done = await change(sealed_engine, decrypt=True)
    assert (done.faces, done.crops, done.broken) == (PEOPLE - 1, PEOPLE, [one])
    with pytest.raises(StartupError):
        await check_keys(engine)


async def test_nobody_is_waited_for(engine: AsyncEngine, sealed_engine: AsyncEngine) -> None:
    one, *_ = await enrol(engine)
    async with engine.begin() as connection:
        await connection.execute(text("SELECT FROM face WHERE id = :one FOR UPDATE"), {"one": one})
        step = await PostgresEncryption(sealed_engine).convert(Part.FACES, 0, decrypt=False)
        assert step.done == PEOPLE - 1
    assert (await change(sealed_engine)).faces == 1


async def test_no_key_is_one_line(engine: AsyncEngine) -> None:
    with pytest.raises(CommandError, match=r"^there is no key"):
        await change(engine)


async def test_a_gallery_that_takes_too_long_needs_an_index(sealed_engine: AsyncEngine) -> None:
    await enrol(sealed_engine)
    with pytest.raises(IndexUnavailable):
        await SealedGallery(sealed_engine, PEOPLE - 1).search(random_embedding(0), DEFAULT, 1)


async def test_a_gallery_that_has_grown_too_large_gets_an_index(
    sealed_engine: AsyncEngine, tmp_path: Path
) -> None:
    exact, feed = SealedGallery(sealed_engine, PEOPLE - 1), PostgresChangeFeed(sealed_engine)
    gallery = IndexedGallery(exact, FaissIndexStore(tmp_path / "index", 1, saves=False), feed, 100)
    async with gallery.running(), asyncio.timeout(60):
        while not gallery.ready:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await enrol(sealed_engine)
        refused = 0
        while True:
            try:
                found = await gallery.search(random_embedding(3), DEFAULT, 1)
                break
            except IndexUnavailable:
                refused += 1
                await asyncio.sleep(0.01)
    assert refused
    assert names(found) == ["P3"]
    assert not await asyncio.to_thread((tmp_path / "index").exists)


async def test_large_galleries_are_read_in_pages(
    sealed_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.postgres.sealed_gallery._PAGE_BYTES", 2 * 4 * 512)
    await enrol(sealed_engine)
    await enrol(sealed_engine)
    for number in range(PEOPLE):
        found = await SealedGallery(sealed_engine).search(random_embedding(number), DEFAULT, 2)
        assert (names(found)[0], found.searched, len(found.candidates)) == (f"P{number}", PEOPLE, 2)


async def test_views_of_a_liveness_session(engine: AsyncEngine, sealed_engine: AsyncEngine) -> None:
    plain, sealed = PostgresLivenessSessions(engine), PostgresLivenessSessions(sealed_engine)
    await plain.begin(kept("before", PASSED), 60, 10)
    await sealed.begin(kept("after", PASSED), 60, 10)
    for name in ("before", "after"):
        found = (await sealed.find(name)).session.views
        np.testing.assert_array_equal([view.vector for view in found], [view.vector for view in VIEWS])
    async with engine.connect() as connection:
        found = await connection.scalar(text("SELECT views FROM liveness_session WHERE id = 'after'"))
    assert VIEWS[0].vector.tobytes()[:8] not in found
