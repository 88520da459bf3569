"""Archives of an instance that encrypts what it stores."""

import asyncio
import zipfile
from pathlib import Path

import msgspec
import pytest

from adapters.files.archive.format import FaceEntry
from adapters.files.archive.reader import reading
from adapters.files.archive.writer import writing
from application.bulk.collections import find_collections
from application.bulk.errors import ArchiveError
from application.bulk.export import ExportPeople
from application.bulk.restore import ImportPeople
from application.ports.sealing import Sealing, is_sealed
from tests.sealing import FakeSealing
from tests.unit.fakes import InlineWorkers
from tests.unit.instances import Instance, Models


@pytest.fixture
async def old() -> Instance:
    instance = Instance()
    await instance.populate()
    return instance


@pytest.fixture
async def file(old: Instance, tmp_path: Path) -> Path:
    exporting = ExportPeople(old.archive, InlineWorkers())
    with writing(tmp_path / "people.zip", "test", FakeSealing()) as writer:
        chosen = await find_collections(old.collections, None)
        _ = [done async for done in exporting.execute(chosen, writer, crops=True)]
    return tmp_path / "people.zip"


async def restored(file: Path, sealing: Sealing | None) -> Instance:
    new = Instance()
    use_case = ImportPeople(new.collections, new.archive, Models(), InlineWorkers())
    with reading(file, sealing) as reader:
        steps = [done async for done in use_case.execute(reader, use_case.chosen(reader, None))]
    assert steps[-1].new_faces == 7
    return new


async def test_an_instance_with_the_key_reads_it(old: Instance, file: Path) -> None:
    assert await (await restored(file, FakeSealing())).everything() == await old.everything()
    assert await (await restored(file, FakeSealing(b"new", b"a key of tests"))).everything()


async def test_nothing_of_a_face_is_in_it(old: Instance, file: Path) -> None:
    content = await asyncio.to_thread(file.read_bytes)
    for face in await old.archive.faces("default", 10):
        assert face.embedding.vector.tobytes()[:8] not in content
    with zipfile.ZipFile(file) as archive:
        page = msgspec.msgpack.decode(archive.read("default/faces-000001.msgpack"), type=list[FaceEntry[int]])
    assert all(is_sealed(face.embedding) for face in page)
    assert {is_sealed(face.crop) for face in page if face.crop} == {True}


@pytest.mark.parametrize("sealing", [None, FakeSealing(b"another key")], ids=["none", "another"])
def test_another_key_is_one_line(file: Path, sealing: Sealing | None) -> None:
    key = FakeSealing().key_ids[0].hex()
    with (
        pytest.raises(ArchiveError, match=rf"is encrypted with the key {key}, .*FACE_ENCRYPTION_KEY"),
        reading(file, sealing),
    ):
        pass


async def test_a_plain_archive_is_read_with_a_key(old: Instance, tmp_path: Path) -> None:
    await old.export(tmp_path / "plain.zip")
    assert (
        await (await restored(tmp_path / "plain.zip", FakeSealing())).everything() == await old.everything()
    )
