"""Embeddings in .npz files: what is read, and what is refused before it does harm."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from adapters.files import vectors as module
from adapters.files.vectors import NpzVectorFiles
from application.evaluation.errors import EvaluationError
from application.ports.vectors import PhotoVectors
from domain.models import ModelChoice

FILES = NpzVectorFiles()
VECTORS = np.arange(1, 13, dtype=np.float32).reshape(3, 4)


def write(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "set.npz"


def test_what_is_written_is_read(file: Path) -> None:
    rows = VECTORS.copy()
    rows[1] = np.nan
    names = ("Ann", "Ann", "Bob")
    photos = ("Ann/1.jpg", "Ann/2.jpg", "Bob/1.jpg")
    models = ModelChoice("d", "r")
    FILES.write(PhotoVectors(rows, names, photos, {"view": ("front", "side", "front")}, models), file)
    read = FILES.read(file)
    np.testing.assert_array_equal(read.vectors, rows)
    assert (read.people, read.photos, read.models) == (names, photos, models)
    assert read.labels == {"view": ("front", "side", "front")}
    assert [path.name for path in file.parent.iterdir()] == ["set.npz"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_numbers_for_people_and_arrays_of_other_kinds(file: Path) -> None:
    write(
        file,
        vectors=VECTORS.astype(np.float64),
        person=np.array([7, 7, 8]),
        refused=np.array([True, False, True]),
        strength=np.ones(3, np.float32),
        palette=np.array(["red"]),
    )
    read = FILES.read(file)
    assert read.vectors.dtype == np.float32
    assert (read.people, read.photos, read.models) == (("7", "7", "8"), ("0", "1", "2"), None)
    assert read.labels == {"refused": ("True", "False", "True")}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"person": np.array([1])}, "no array `vectors`"),
        ({"vectors": VECTORS}, "no array `person`"),
        ({"vectors": VECTORS[0], "person": np.array([1, 2, 3, 4])}, "must be N x D"),
        ({"vectors": VECTORS.astype(int), "person": np.array([1, 2, 3])}, "must be N x D"),
        ({"vectors": VECTORS[:0], "person": np.array([], int)}, "must be N x D"),
        ({"vectors": VECTORS, "person": np.array([1, 2])}, "`person` must have 3"),
        ({"vectors": VECTORS, "person": np.array([1.0, 2.0, 3.0])}, "`person` must have 3"),
        ({"vectors": VECTORS * 0, "person": np.array([1, 2, 3])}, "zero or not finite"),
        ({"vectors": VECTORS * np.float32("inf"), "person": np.array([1, 2, 3])}, "zero or not finite"),
        ({"vectors": VECTORS, "person": np.array(["x" * 300] * 3)}, "more than 256 characters"),
        ({"vectors": VECTORS, "person": np.array([{}, {}, {}])}, "not of plain numbers"),
    ],
)
def test_wrong_arrays_are_refused(file: Path, arrays: dict[str, object], message: str) -> None:
    write(file, **arrays)
    with pytest.raises(EvaluationError, match=message):
        FILES.read(file)


def test_a_missing_file_and_one_of_another_kind(file: Path) -> None:
    with pytest.raises(EvaluationError, match="No such file"):
        FILES.read(file)
    file.write_bytes(b"text")
    with pytest.raises(EvaluationError, match=r"no \.npz file"):
        FILES.read(file)


def archive(file: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(file, "w") as archived:
        for name, content in members.items():
            archived.writestr(f"{name}.npy", content)
    return file


def array(content: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(content))
    return stream.getvalue()


def test_a_header_that_promises_more_than_there_is_allocates_nothing(file: Path) -> None:
    huge = array(VECTORS).replace(b"(3, 4), ", b"(3000000000, 4), ", 1).replace(9 * b" " + b"\n", b"\n", 1)
    with pytest.raises(EvaluationError, match="`vectors` is too large"):
        FILES.read(archive(file, vectors=huge, person=array([1, 2, 3])))


def test_arrays_beyond_the_bound_are_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 40)
    with pytest.raises(EvaluationError, match="`vectors` is too large"):
        FILES.read(write(file, vectors=VECTORS, person=np.array([1, 2, 3])))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_a_damaged_array_is_refused(file: Path, save: Callable[..., None]) -> None:
    rows = np.random.default_rng(1).standard_normal((500, 128)).astype(np.float32)
    save(file, vectors=rows, person=np.arange(500))
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 100] = bytes(100)
    file.write_bytes(content)
    with pytest.raises(EvaluationError, match="`vectors` is damaged"):
        FILES.read(file)


def test_a_member_that_is_no_array_is_refused(file: Path) -> None:
    with pytest.raises(EvaluationError, match="`vectors` is damaged, or no array"):
        FILES.read(archive(file, vectors=b"\x93NUMPY junk", person=array([1, 2, 3])))


def test_too_many_arrays_are_refused(file: Path) -> None:
    with pytest.raises(EvaluationError, match="64 are the most"):
        FILES.read(write(file, **{f"a{number}": np.zeros(1) for number in range(65)}))


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="can't write"):
        FILES.write(PhotoVectors(VECTORS, ("a",) * 3, ("b",) * 3), tmp_path / "nowhere" / "set.npz")
