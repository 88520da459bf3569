"""A key that was replaced, while somebody still encrypts with it."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.encryption import PostgresEncryption, check_keys
from adapters.postgres.repository import PgVectorRepository
from application.errors import CommandError
from application.ports.archive import FaceToRestore
from application.ports.encryption import Encrypted, Part
from application.ports.faces import FaceFilter
from domain.errors import Unavailable
from domain.people import DEFAULT_COLLECTION as DEFAULT
from tests.contract.enrolment import photo_of, random_embedding
from tests.contract.storage import on_postgres
from tests.contract.test_encryption import CROP, PEOPLE, change, enrol, nearest
from tests.sealing import ROTATED


async def test_one_at_a_time_or_two_keys_would_take_turns_for_ever(
    sealed_engine: AsyncEngine, rotated_engine: AsyncEngine
) -> None:
    await enrol(sealed_engine)
    async with PostgresEncryption(sealed_engine).alone() as alone:
        assert alone
        with pytest.raises(CommandError, match=r"^another `face-api encryption`"):
            await change(rotated_engine)
    assert (await change(rotated_engine)).faces == PEOPLE


async def test_nobody_is_enrolled_with_a_key_that_was_replaced(
    sealed_engine: AsyncEngine, rotated_engine: AsyncEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """As the next start may be without that key, which would then be needed."""
    await check_keys(sealed_engine)
    await check_keys(rotated_engine)
    await enrol(sealed_engine)
    assert (await change(rotated_engine)).faces == PEOPLE
    late = photo_of("late", random_embedding(9), "late photo")
    with pytest.raises(Unavailable, match="replaced"):
        await PgVectorRepository(sealed_engine).add(late)
    owner = (await PgVectorRepository(rotated_engine).list(FaceFilter(DEFAULT), 1))[0].profile_id
    restored = FaceToRestore(1, owner, late.detection_model, late.embedding, late.digest, CROP)
    with pytest.raises(Unavailable, match="replaced"):
        await on_postgres(sealed_engine).archive.restore_faces(DEFAULT, [restored], [owner], keep_ids=False)
    assert "must be restarted" in caplog.text
    key = ROTATED.key_ids[0].hex()
    assert await PostgresEncryption(rotated_engine).counts() == [
        Encrypted(Part.FACES, key, PEOPLE),
        Encrypted(Part.CROPS, key, PEOPLE),
    ]
    await enrol(rotated_engine)


async def test_whoever_is_enrolled_with_the_former_key_until_it_is_forgotten_is_converted(
    sealed_engine: AsyncEngine, rotated_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await check_keys(sealed_engine)
    await check_keys(rotated_engine)
    await enrol(sealed_engine)
    forget = PostgresEncryption.forget_keys

    async def enrol_first(store: PostgresEncryption, *, decrypt: bool) -> None:
        monkeypatch.undo()
        await PgVectorRepository(sealed_engine).add(photo_of("late", random_embedding(9), "late photo"))
        await forget(store, decrypt=decrypt)

    monkeypatch.setattr(PostgresEncryption, "forget_keys", enrol_first)
    assert (await change(rotated_engine)).faces == PEOPLE + 1
    assert await nearest(rotated_engine, 9) == "late"
