"""Backing an instance up, and restoring it elsewhere."""

import json
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.files.archive.reader import reading
from adapters.files.archive.writer import writing
from adapters.files.operator import DataDirectoryFiles
from adapters.memory.api_keys import InMemoryApiKeys
from adapters.postgres import tables
from application.bulk import backup
from application.bulk.backup import BackedUp, BackUpInstance, RestoredInstance, RestoreInstance
from application.bulk.errors import ArchiveError, BulkError
from application.bulk.export import ExportPeople
from application.bulk.restore import ImportPeople
from application.ports.api_keys import NewKey
from application.ports.archive import ArchivedPerson
from application.ports.faces import NewFace
from domain.api_keys import KeyId, Scope, grant
from domain.people import ProfileId
from domain.retention import KEEP, Retention, RetentionFrom
from tests.unit.fakes import InlineWorkers
from tests.unit.instances import Instance, Models, embedding

NEXT_YEAR = datetime(2100, 1, 1, tzinfo=UTC)

STORED = {
    "collection": {"name", "retention_days", "retention_from"},
    "profile": {"id", "collection", "name", "metadata", "created_at"},
    "face": {
        "id",
        "profile_id",
        "collection",
        "recognition_model",
        "detection_model",
        "digest",
        "embedding",
        "embedding_norm",
        "created_at",
    },
    "face_crop": {"face_id", "image"},
    "api_key": set(tables.api_key.columns.keys()),
}
"""Columns by table that are in a backup."""

LEFT_OUT = {
    ("collection", "created_at"): "nothing reads it",
    ("collection", "matches_since"): "the time of the restoration",
    ("profile", "last_matched_on"): "counts from the restoration on",
    ("face", "revision"): "a transaction of this server",
    ("face", "sealed"): "the embedding of another instance's key: the backup has it as that is",
    ("face_crop", "sealed"): "likewise, the image",
    "encryption_key": "checks the keys of one instance",
    "removed_face": "indexes of the former instance follow it",
    "gallery_cohort": "is drawn again, with the same people",
    "kept_archive": "which archive was restored here",
    "idempotency": "answers to requests of the last hours",
    "liveness_session": "lasts for minutes",
    "audit_entry": "the record of one instance; a copy of it would be another chain",
    "audit_chain": "the same",
}


@dataclass
class Whole(Instance):
    """An instance with keys and a data directory."""

    folder: Path = Path()
    keys: InMemoryApiKeys = field(default_factory=InMemoryApiKeys)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.files = DataDirectoryFiles(
            self.folder / "calibration", self.folder / "liveness.toml", self.folder / "models" / "models.toml"
        )

    async def back_up(self, path: Path) -> BackedUp:
        use_case = BackUpInstance(
            ExportPeople(self.archive, InlineWorkers()), self.collections, self.keys, self.files
        )
        with writing(path, "test") as writer:
            return [done async for done in use_case.execute(writer)][-1]

    async def restore_backup(self, path: Path) -> RestoredInstance:
        people = ImportPeople(self.collections, self.archive, Models(), InlineWorkers())
        use_case = RestoreInstance(people, self.keys, self.files)
        with reading(path) as reader:
            assert [done async for done in use_case.check(reader)]
            return [done async for done in use_case.execute(reader)][-1]

    async def times(self) -> list[object]:
        people = [
            person
            for name in await self.archive.collections()
            for person in await self.archive.people(name, 99)
        ]
        faces = await self.archive.faces("default", 99)
        return [*people, *(face.created_at for face in faces)]


@pytest.fixture
async def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Whole:
    """With people, keys in two pages, and all of an operator's files."""
    monkeypatch.setattr(backup, "KEYS_PAGE", 2)
    instance = Whole(folder=tmp_path / "old")
    await instance.populate()
    for digit in range(3):
        key = NewKey(f"key {digit}", grant([Scope.ENROL], ["other"]), bytes([digit]) * 32, NEXT_YEAR)
        await instance.keys.create(key)
    await instance.keys.revoke(KeyId(2))
    await instance.keys.used(KeyId(3), NEXT_YEAR)
    for name in ("calibration/sface.toml", "calibration/sface@1.toml", "liveness.toml", "models/models.toml"):
        path = instance.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'name = "{name}"\n')
    return instance


@pytest.fixture
async def file(old: Whole, tmp_path: Path) -> Path:
    done = await old.back_up(tmp_path / "backup.zip")
    assert (done.people.people, done.people.faces, done.people.crops, done.keys, done.files) == (
        5,
        7,
        2,
        3,
        4,
    )
    return tmp_path / "backup.zip"


@pytest.fixture
def new(tmp_path: Path) -> Whole:
    return Whole(folder=tmp_path / "new")


async def test_a_restored_instance_is_the_same(old: Whole, new: Whole, file: Path) -> None:
    done = await new.restore_backup(file)
    assert (done.people.new_people, done.people.new_faces, done.people.new_ids) == (5, 7, ())
    assert (done.keys, done.files, done.files_differing) == (3, 4, ())
    assert await new.everything() == await old.everything()
    assert await new.times() == await old.times()
    assert await new.keys.stored(10) == await old.keys.stored(10)
    assert new.files.read() == old.files.read()


async def test_rules_of_retention_are_in_it(old: Whole, new: Whole, tmp_path: Path) -> None:
    rules = {"default": Retention(30), "other": Retention(365, RetentionFrom.LAST_MATCH)}
    for name, rule in rules.items():
        await old.collections.set_retention(name, rule)
    await old.back_up(tmp_path / "backup.zip")
    await old.export(tmp_path / "people.zip")
    await new.restore_backup(tmp_path / "backup.zip")
    assert {each.name: each.retention for each in await new.collections.list(9)} == rules
    await new.collections.set_retention("default", KEEP)
    await new.restore(tmp_path / "people.zip")
    assert {each.name: each.retention for each in await new.collections.list(9)} == rules | {"default": KEEP}


@pytest.mark.parametrize("rule", ['{"days": 0, "since": "enrolment"}', '{"days": 9, "since": "birth"}'])
async def test_a_rule_that_is_none_is_refused(old: Whole, tmp_path: Path, rule: str) -> None:
    await old.collections.set_retention("default", Retention(30))
    await old.back_up(tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(contents["manifest.json"])
    manifest["retention"]["default"] = json.loads(rule)
    contents["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(tmp_path / "backup.zip", "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    with pytest.raises(ArchiveError, match="manifest that can't be read"), reading(tmp_path / "backup.zip"):
        pass


async def test_ids_of_the_deleted_are_not_given_again(old: Whole, new: Whole, tmp_path: Path) -> None:
    late = await old.faces.add(NewFace("default", "Late", embedding(9), "detector"))
    await old.profiles.delete("default", late.face.profile_id)
    await old.back_up(tmp_path / "backup.zip")
    await new.restore_backup(tmp_path / "backup.zip")
    later = await new.faces.add(NewFace("default", "Later", embedding(9), "detector"))
    assert later.face.id > late.face.id
    assert later.face.profile_id > late.face.profile_id


async def test_into_an_instance_with_people(new: Whole, file: Path) -> None:
    await new.profiles.create("default", "Somebody", {})
    before = await new.everything()
    with pytest.raises(BulkError, match="there are people here"):
        await new.restore_backup(file)
    assert await new.everything() == before
    assert new.files.read() == []


async def test_into_an_instance_with_a_key_even_if_it_is_revoked(new: Whole, file: Path) -> None:
    key = await new.keys.create(NewKey("a key", grant([Scope.ADMIN]), b"d" * 32))
    assert key is not None
    await new.keys.revoke(key.id)
    with pytest.raises(BulkError, match="there are API keys here"):
        await new.restore_backup(file)
    assert await new.everything() == []


async def test_an_interrupted_one_goes_on(old: Whole, new: Whole, file: Path) -> None:
    people = ImportPeople(new.collections, new.archive, Models(), InlineWorkers())
    with reading(file) as reader:
        restoring = RestoreInstance(people, new.keys, new.files).execute(reader)
        assert (await anext(restoring)).people.new_people == 4
    assert not await new.keys.any()
    await new.restore_backup(file)
    assert await new.everything() == await old.everything()
    assert await new.keys.stored(10) == await old.keys.stored(10)


async def test_an_archive_of_people_is_no_backup(old: Whole, new: Whole, tmp_path: Path) -> None:
    await old.export(tmp_path / "people.zip")
    with pytest.raises(ArchiveError, match="not a backup: put it in with face-api import"):
        await new.restore_backup(tmp_path / "people.zip")


async def test_people_alone_can_be_imported_from_it(old: Whole, new: Whole, file: Path) -> None:
    await new.restore(file)
    assert await new.everything() == await old.everything()
    assert not await new.keys.any()


@pytest.mark.parametrize("damaged", ["api-keys-000001.msgpack", "files/liveness.toml"])
async def test_checksums_are_compared_before_anything_is_changed(
    new: Whole, file: Path, damaged: str
) -> None:
    with zipfile.ZipFile(file) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    contents[damaged] = b"x" + contents[damaged][1:]
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    with pytest.raises(ArchiveError, match="its checksum is another"):
        await new.restore_backup(file)
    assert await new.everything() == []
    assert new.files.read() == []


async def test_own_files_are_left_as_they_are(new: Whole, file: Path) -> None:
    new.folder.mkdir()
    (new.folder / "liveness.toml").write_text("own = 1\n")
    done = await new.restore_backup(file)
    assert (done.files, done.files_differing) == (3, ("liveness.toml",))
    assert (new.folder / "liveness.toml").read_text() == "own = 1\n"


@pytest.mark.parametrize(
    "name", ["calibration/../../evil.toml", "../evil.toml", "calibration/.toml", "/etc/x"]
)
async def test_files_of_other_names_are_refused(old: Whole, new: Whole, tmp_path: Path, name: str) -> None:
    with writing(tmp_path / "evil.zip", "test") as writer:
        writer.backup(0, 0)
        writer.section("default")
        writer.people([ArchivedPerson(ProfileId(1), "Ann", {}, NEXT_YEAR)])
        writer.file(type(old.files.read()[0])(name, b""))
        writer.finish()
    with pytest.raises(BulkError, match="is no file of an operator"):
        await new.restore_backup(tmp_path / "evil.zip")
    assert await new.everything() == []


def test_every_column_is_in_it_or_left_out_on_purpose() -> None:
    """Whoever adds a table or a column decides whether a backup has it."""
    undecided = {
        (table.name, column.name)
        for table in tables.metadata.tables.values()
        for column in table.columns
        if column.name not in STORED.get(table.name, ())
        and not LEFT_OUT.keys() & {table.name, (table.name, column.name)}
    }
    assert undecided == set()
