"""What a gallery index leaves on the disk, and what the next start makes of it."""

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from errno import ENOSPC
from pathlib import Path

import numpy as np
import pytest

from adapters.gallery_index.faiss.folders import IndexFolders
from application.ports.change_feed import NO_SNAPSHOT, GalleryKey
from tests.unit.galleries import GALLERY, put, vector, vectors

FACES = 5000
GROWING_ROWS = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With a segment, and 10 faces after it."""
    index = IndexFolders(tmp_path / "index", GROWING_ROWS).open(GALLERY)
    keys = range(FACES)
    put(index, 1, dict(zip(keys, keys, strict=True)), vectors(FACES))
    assert index.compact()
    put(index, 7, {FACES + key: FACES + key for key in range(10)})
    index.save()
    return tmp_path / "index"


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")


def test_a_saved_index_answers_as_before(folder: Path) -> None:
    index = IndexFolders(folder, GROWING_ROWS).open(GALLERY)

    assert (index.snapshot, len(index)) == ("7", FACES + 10)
    for key in (3, FACES - 1):
        assert index.search(vectors(FACES)[key], 1).face_ids[0] == key
    found = index.search(vector(FACES + 4), 1)
    assert (found.face_ids[0], found.searched) == (FACES + 4, FACES + 10)


def test_a_saved_index_can_be_changed(folder: Path) -> None:
    index = IndexFolders(folder, GROWING_ROWS).open(GALLERY)
    put(index, 8, {4: 4, FACES + 20: 1}, removed=[5, FACES + 1])

    assert len(index) == FACES + 9
    assert index.search(vectors(FACES)[5], 1).face_ids[0] != 5


def test_nothing_is_left_of_a_removed_face(folder: Path) -> None:
    index = IndexFolders(folder, GROWING_ROWS).open(GALLERY)
    put(index, 8, removed=[5])

    index.save()

    keys = [np.load(path) for path in files(folder) if path.name == "keys.npy"]
    assert sum(map(len, keys)) == FACES + 9
    assert 5 not in np.concatenate(keys)


def test_the_format_is_the_one_that_earlier_versions_wrote(folder: Path) -> None:
    """Another one needs another number, so that no version misreads the files of another."""
    (manifest,) = (json.loads(path.read_bytes().split(b"\n")[1]) for path in folder.glob("*/manifest.json"))
    assert (manifest["format"], manifest["moment"], manifest["gallery"]) == (2, "7", asdict(GALLERY))
    (sealed,), tail = manifest["parts"], manifest["tail"]
    assert sealed == {"name": sealed["name"], "dead": []}
    quantized = ("codes.npy", "keys.npy", "people.npy", "scales.npy", "scanner.faiss")
    exact = ("keys.npy", "people.npy", "vectors.npy")
    expected = {f"{sealed['name']}/{file}" for file in quantized} | {f"{tail}/{file}" for file in exact}
    assert set(manifest["checksums"]) == expected
    assert len(manifest) == 6


def test_a_segment_is_written_once(folder: Path) -> None:
    written = {path: path.stat().st_mtime_ns for path in files(folder) if path.name == "codes.npy"}
    index = IndexFolders(folder, GROWING_ROWS).open(GALLERY)
    put(index, 8, {FACES + 20: 1})

    index.save()

    assert {path: path.stat().st_mtime_ns for path in files(folder) if path.name == "codes.npy"} == written
    assert len(IndexFolders(folder, GROWING_ROWS).open(GALLERY)) == FACES + 11


def test_bytes_a_face_on_disk(folder: Path) -> None:
    assert sum(path.stat().st_size for path in files(folder)) / FACES == pytest.approx(
        0.25 * GALLERY.dimensions + GALLERY.dimensions + 4 + 8 + 8, rel=0.1
    )


def test_only_the_owner_can_read_it(folder: Path) -> None:
    assert {path.stat().st_mode & 0o077 for path in [folder, *folder.iterdir()]} == {0}


def test_an_index_that_is_being_filled_is_not_saved(tmp_path: Path) -> None:
    index = IndexFolders(tmp_path).open(GALLERY)
    put(index, 0, {1: 1})

    index.save()

    assert len(IndexFolders(tmp_path).open(GALLERY)) == 0


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def shorten(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


class Recorder:
    """Stands in for the logger, whose handlers other tests may have changed."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, message: str, *values: object) -> None:
        self.lines.append(message % values)


@pytest.mark.parametrize("damage", [flip, shorten, Path.unlink], ids=["flipped", "shortened", "missing"])
@pytest.mark.parametrize(
    "file",
    ["manifest.json", "keys.npy", "people.npy", "codes.npy", "scales.npy", "scanner.faiss", "vectors.npy"],
)
def test_damaged_files_are_not_used(
    folder: Path, file: str, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = Recorder()
    monkeypatch.setattr("adapters.gallery_index.faiss.files.logger", said)
    for path in files(folder):
        if path.name == file:
            damage(path)

    index = IndexFolders(folder, GROWING_ROWS).open(GALLERY)

    assert (index.snapshot, len(index)) == (NO_SNAPSHOT, 0)
    assert any("is not used" in line for line in said.lines) or file == "manifest.json"


@pytest.mark.parametrize(
    "other",
    [
        replace(GALLERY, collection="guests"),
        replace(GALLERY, model="arcface"),
        replace(GALLERY, dimensions=8),
    ],
    ids=["collection", "model", "dimensions"],
)
def test_every_gallery_has_its_own(folder: Path, other: GalleryKey) -> None:
    indexes = IndexFolders(folder, GROWING_ROWS)
    assert indexes.open(other).snapshot == NO_SNAPSHOT

    indexes.open(other, discard=True)

    assert indexes.open(GALLERY).snapshot == "7"


def test_a_new_index_leaves_nothing_of_the_old(folder: Path) -> None:
    IndexFolders(folder).open(GALLERY, discard=True)

    assert files(folder) == []


def test_a_damaged_index_is_replaced(folder: Path) -> None:
    for path in files(folder):
        flip(path)
    index = IndexFolders(folder, GROWING_ROWS).open(GALLERY)
    put(index, 9, {1: 1})

    index.save()

    assert len(IndexFolders(folder, GROWING_ROWS).open(GALLERY)) == 1
    assert len([path for path in files(folder) if path.name == "keys.npy"]) == 1


def test_indexes_of_other_galleries_are_deleted(folder: Path) -> None:
    indexes = IndexFolders(folder, GROWING_ROWS)
    indexes.keep_only({GALLERY})
    assert indexes.open(GALLERY).snapshot == "7"

    indexes.keep_only({replace(GALLERY, collection="guests")})

    assert files(folder) == []


def test_one_process_saves_and_others_begin_with_what_it_saved(folder: Path) -> None:
    owner, other = (IndexFolders(folder, GROWING_ROWS) for _ in range(2))
    assert owner.open(GALLERY).snapshot == "7"

    index = other.open(GALLERY)
    assert (index.snapshot, len(index)) == ("7", FACES + 10)
    put(index, 9, {FACES + 50: 1}, removed=[5])
    index.save()
    other.keep_only(set())
    other.open(GALLERY, discard=True)

    assert index.snapshot == "9"
    assert owner.open(GALLERY).snapshot == "7"


def test_without_a_folder_that_can_be_written_an_index_is_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    index = IndexFolders(tmp_path / "file" / "index").open(GALLERY)
    put(index, 1, {1: 1})

    index.save()

    assert len(index) == 1


def test_a_removed_face_remains_until_it_is_saved(folder: Path) -> None:
    index = IndexFolders(folder, GROWING_ROWS).open(GALLERY)
    put(index, 8, {FACES + 50: 1})
    before = index.has_removed_faces
    put(index, 9, removed=[5, FACES + 1])
    between = index.has_removed_faces

    index.save()

    assert (before, between, index.has_removed_faces) == (False, True, False)
    assert 5 not in np.concatenate([segment.faces.face_ids for segment in index._state.sealed])
    assert FACES + 1 not in index._state.growing.table.face_ids


@pytest.mark.parametrize("fails", ["_write", "_publish", "_sweep"])
def test_a_failed_save_leaves_nothing_on_disk(
    folder: Path, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    index = IndexFolders(folder, GROWING_ROWS).open(GALLERY)
    put(index, 8, removed=[5])
    with monkeypatch.context() as patch:
        patch.setattr(f"adapters.gallery_index.faiss.files.IndexFolder.{fails}", full)
        with pytest.raises(OSError, match="space"):
            index.save()

    assert files(folder) == []
    assert index.has_removed_faces
    assert index.search(vectors(FACES)[7], 1).face_ids[0] == 7
    index.save()
    assert len(IndexFolders(folder, GROWING_ROWS).open(GALLERY)) == FACES + 9


class Killed(BaseException):
    """Stands in for the end of the process."""


@pytest.mark.parametrize(("ends", "snapshot"), [("_write", "7"), ("_publish", "7"), ("_sweep", "8")])
def test_a_process_killed_while_saving_leaves_the_old_or_the_new_index(
    folder: Path, ends: str, snapshot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    index = IndexFolders(folder, GROWING_ROWS).open(GALLERY)
    put(index, 8, removed=[5])
    with monkeypatch.context() as patch:
        patch.setattr(f"adapters.gallery_index.faiss.files.IndexFolder.{ends}", killed)
        with pytest.raises(Killed):
            index.save()

    again = IndexFolders(folder, GROWING_ROWS).open(GALLERY)
    assert (again.snapshot, len(again)) == (snapshot, FACES + 10 - (snapshot == "8"))
    again.save()
    keys = [path for path in files(folder) if path.name == "keys.npy"]
    assert len(keys) == 2


def test_a_closed_folder_can_be_opened_by_another(folder: Path) -> None:
    owner, other = (IndexFolders(folder, GROWING_ROWS) for _ in range(2))
    owner.open(GALLERY)

    owner.close()

    assert other.open(GALLERY).snapshot == "7"
