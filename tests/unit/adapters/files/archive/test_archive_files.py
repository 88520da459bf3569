"""The archive file, and the use cases that write and read it, on memory."""

import hashlib
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from adapters.files.archive.format import MANIFEST, FaceEntry, PersonEntry
from adapters.files.archive.reader import reading
from adapters.files.archive.writer import writing
from application.bulk import export
from application.bulk.collections import find_collections
from application.bulk.errors import ArchiveError, BulkError
from application.bulk.export import Exported, ExportPeople
from application.bulk.restore import Imported, ImportPeople
from application.ports.faces import FaceFilter, NewFace
from application.ports.people import ProfileFilter
from domain.errors import CollectionNotFound
from tests.unit.fakes import InlineWorkers
from tests.unit.instances import Instance, Models, embedding


@pytest.fixture
async def old(monkeypatch: pytest.MonkeyPatch) -> Instance:
    """People in two collections, in pages of two."""
    monkeypatch.setattr(export, "PAGE", 2)
    monkeypatch.setattr(export, "PAGE_WITH_CROPS", 2)
    instance = Instance()
    await instance.populate()
    return instance


@pytest.fixture
async def file(old: Instance, tmp_path: Path) -> Path:
    await old.export(tmp_path / "people.zip")
    return tmp_path / "people.zip"


async def test_an_instance_is_moved(old: Instance, tmp_path: Path) -> None:
    assert await old.export(tmp_path / "people.zip") == Exported(2, 5, 7, 2)
    new = Instance()
    assert await new.restore(tmp_path / "people.zip") == Imported(5, 5, 7, 7)
    assert await new.everything() == await old.everything()
    assert await new.restore(tmp_path / "people.zip") == Imported(5, 0, 7, 0)


async def test_one_collection_is_moved(old: Instance, file: Path) -> None:
    new = Instance()
    assert (await new.restore(file, "other")).new_faces == 1
    assert await new.profiles.list(ProfileFilter(), 10) == []
    assert (await old.export(file, "other")).collections == 1
    with reading(file) as reader:
        assert [section.collection for section in reader.sections] == ["other"]
    with pytest.raises(ArchiveError, match="no collection default"):
        await new.restore(file, "default")
    with pytest.raises(CollectionNotFound):
        await old.export(file, "nowhere")


async def test_crops_stay_behind_unless_they_are_wanted(old: Instance, tmp_path: Path) -> None:
    assert (await old.export(tmp_path / "people.zip", crops=False)).crops == 0
    new = Instance()
    await new.restore(tmp_path / "people.zip")
    assert {each.crop for each in await new.archive.faces("default", 10)} == {None}


async def test_an_interrupted_import_is_continued(file: Path, old: Instance) -> None:
    new = Instance()
    use_case = ImportPeople(new.collections, new.archive, Models(), InlineWorkers())
    with reading(file) as reader:
        steps = use_case.execute(reader, use_case.chosen(reader, None))
        for _ in range(4):
            await anext(steps)
    await new.restore(file)
    assert await new.everything() == await old.everything()


async def test_the_file_is_private_and_appears_whole(old: Instance, tmp_path: Path) -> None:
    path = tmp_path / "people.zip"
    path.write_bytes(b"the one before")
    part = tmp_path / "people.zip.part"
    part.write_bytes(b"left behind")
    part.chmod(0o644)
    with writing(path, "test") as writer:
        writer.section("default")
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert path.read_bytes() == b"the one before"
    assert not part.exists()
    await old.export(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not part.exists()


async def test_a_place_that_can_not_be_written_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(ArchiveError, match=r"can't write .*people\.zip: No such file"),
        writing(tmp_path / "nowhere" / "people.zip", "test"),
    ):
        pass


async def test_people_who_come_meanwhile_are_not_in_it(old: Instance, tmp_path: Path) -> None:
    use_case = ExportPeople(old.archive, InlineWorkers())
    with writing(tmp_path / "people.zip", "test") as writer:
        chosen = await find_collections(old.collections, "default")
        async for done in use_case.execute(chosen, writer, crops=False):
            if done.faces == 2:
                await old.faces.add(NewFace("default", "Late", embedding(9), "detector"))
                await old.faces.add(NewFace("default", "P0", embedding(10), "detector"))
    new = Instance()
    assert (await new.restore(tmp_path / "people.zip")).new_faces == 6
    assert await new.profiles.find("default", "Late") is None


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Write an archive again with other contents; None leaves a file out."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in contents.items():
            if (changed := change(name, data)) is not None:
                archive.writestr(name, changed)


def with_manifest(path: Path, **changes: object) -> None:
    def change(name: str, data: bytes) -> bytes:
        return json.dumps({**json.loads(data), **changes}).encode() if name == MANIFEST else data

    rewritten(path, change)


def with_faces(path: Path, change: Callable[[FaceEntry[int]], FaceEntry[int]]) -> None:
    """Change faces, and let the manifest agree."""
    pages: dict[str, bytes] = {}

    def faces(name: str, data: bytes) -> bytes:
        if "faces-" in name:
            data = msgspec.msgpack.encode(
                [change(entry) for entry in msgspec.msgpack.decode(data, type=list[FaceEntry[int]])]
            )
        pages[name] = data
        return data

    def manifest(name: str, data: bytes) -> bytes:
        if name != MANIFEST:
            return data
        told = json.loads(data)
        for collection in told["collections"]:
            for page in (*collection["people"], *collection["faces"]):
                page["sha256"] = hashlib.sha256(pages[page["file"]]).hexdigest()
                page["bytes"] = len(pages[page["file"]])
        return json.dumps(told).encode()

    rewritten(path, faces)
    rewritten(path, manifest)


def cut(path: Path, kept: float) -> None:
    """Leave so much of a file: one byte, or a share."""
    data = path.read_bytes()
    path.write_bytes(data[: int(kept if kept == 1 else kept * len(data))])


def spoil(path: Path) -> None:
    """Change a bit in a face."""
    data = bytearray(path.read_bytes())
    data[data.index(b"recognition_model") + 30] ^= 1
    path.write_bytes(data)


async def refused(path: Path, words: str) -> None:
    """That an import is refused with these words, and has changed nothing."""
    new = Instance()
    with pytest.raises(ArchiveError, match=words):
        await new.restore(path)
    assert await new.everything() == []


class TestDamage:
    @pytest.mark.parametrize("kept", [0, 1, 0.5, 0.99])
    async def test_truncated(self, file: Path, kept: float) -> None:
        cut(file, kept)
        await refused(file, "no archive, or not a whole one: it may have been cut off")

    async def test_a_bit_changed(self, file: Path) -> None:
        spoil(file)
        await refused(file, "is damaged: .* can't be read")

    async def test_a_page_changed(self, file: Path) -> None:
        rewritten(file, lambda name, data: data + b"\0" if "faces-000002" in name else data)
        await refused(file, "is damaged: default/faces-000002.msgpack is not what was written")

    async def test_a_page_lost(self, file: Path) -> None:
        rewritten(file, lambda name, data: None if "faces-000002" in name else data)
        await refused(file, "is not whole: it lacks default/faces-000002.msgpack")

    async def test_another_zip(self, file: Path) -> None:
        rewritten(file, lambda name, data: None if name == MANIFEST else data)
        await refused(file, "is no archive of face-api: it has no manifest.json")
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(MANIFEST, '{"format": "photos", "version": 1}')
        await refused(file, "is no archive of face-api$")

    async def test_another_version(self, file: Path) -> None:
        with_manifest(file, version=5, collections="of another kind")
        await refused(file, "is an archive of version 5, and this program reads versions 1, 2, 3, 4")

    async def test_a_manifest_that_is_none(self, file: Path) -> None:
        with_manifest(file, models=[])
        await refused(file, "has a manifest that can't be read")

    async def test_a_collection_that_can_be_none(self, file: Path) -> None:
        with_manifest(file, collections=[{"name": "../x", "people": [], "faces": []}])
        await refused(file, "has a manifest that can't be read")

    async def test_another_length_than_the_models(self, file: Path) -> None:
        with_manifest(file, models={"colour": 5, "hue": 4})
        await refused(
            file, "embeddings of colour have 5 numbers, and this instance's model of that name makes 3"
        )

    async def test_an_embedding_of_another_length(self, file: Path) -> None:
        with_faces(file, lambda face: msgspec.structs.replace(face, embedding=bytes(8)))
        new = Instance()
        with pytest.raises(ArchiveError, match="an embedding of colour has 8 bytes instead of 3 numbers"):
            await new.restore(file)
        assert await new.faces.list(FaceFilter(), 10) == []

    async def test_an_embedding_that_is_none(self, file: Path) -> None:
        with_faces(file, lambda face: msgspec.structs.replace(face, embedding=bytes(len(face.embedding))))
        with pytest.raises(ArchiveError, match="unit norm"):
            await Instance().restore(file)

    @pytest.mark.parametrize("norm", [0.0, 1e39, float("inf"), float("nan")])
    async def test_a_norm_that_is_none(self, file: Path, norm: float) -> None:
        with_faces(file, lambda face: msgspec.structs.replace(face, norm=norm))
        with pytest.raises(ArchiveError, match="is damaged"):
            await Instance().restore(file)

    async def test_a_face_of_nobody(self, file: Path) -> None:
        with_faces(file, lambda face: msgspec.structs.replace(face, profile_id=100))
        with pytest.raises(BulkError, match="no person with this id"):
            await Instance().restore(file)

    async def test_an_id_that_is_none(self, file: Path) -> None:
        with_faces(file, lambda face: msgspec.structs.replace(face, id=0))
        with pytest.raises(ArchiveError, match=r"is damaged: .* >= 1"):
            await Instance().restore(file)

    async def test_an_id_beyond_the_greatest(self, file: Path) -> None:
        with_faces(file, lambda face: msgspec.structs.replace(face, id=8))
        with pytest.raises(ArchiveError, match=r"is damaged: .* an id is greater than the manifest's"):
            await Instance().restore(file)

    async def test_no_greatest_ids(self, file: Path) -> None:
        with_manifest(file, greatest_ids=None)
        await refused(file, "has a manifest that can't be read: it has no greatest_ids")

    async def test_no_file(self, tmp_path: Path) -> None:
        await refused(tmp_path / "absent.zip", "can't read .*absent.zip: No such file")


async def test_the_documented_format(file: Path) -> None:
    """What docs/archive.md says, with nothing but a zip file's and MessagePack's readers."""
    with zipfile.ZipFile(file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert (manifest["format"], manifest["version"]) == ("face-api archive", 3)
        assert manifest["greatest_ids"] == {"profile": 5, "face": 7}
        assert manifest["models"] == {"colour": 3, "hue": 4}
        default = manifest["collections"][0]
        assert default["name"] == "default"
        (page, *_) = default["faces"]
        data = archive.read(page["file"])
        assert (len(data), hashlib.sha256(data).hexdigest()) == (page["bytes"], page["sha256"])
        face = msgspec.msgpack.decode(data)[0]
        assert set(face) == {
            "id",
            "profile_id",
            "recognition_model",
            "detection_model",
            "embedding",
            "digest",
            "crop",
            "created_at",
        }
        vector = np.frombuffer(face["embedding"], "<f4")
        assert np.linalg.norm(vector) == pytest.approx(1)
        person = msgspec.msgpack.decode(archive.read(default["people"][0]["file"]))[0]
        assert set(person) == {"id", "name", "metadata", "created_at"}
        assert person["metadata"] == {"team": {"colour": ["red", 1, None, 1.5]}}
        assert msgspec.convert(person, PersonEntry[int]).name == "Nobody"
