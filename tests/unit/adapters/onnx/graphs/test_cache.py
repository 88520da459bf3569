"""The folder of prepared models."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onnx
import pytest
from onnx import ModelProto

from adapters.onnx.graphs.cache import PreparedModels, has_checksum, with_checksum
from adapters.onnx.graphs.preparation import Dialect, FreeAxes, prepare
from domain.errors import BrokenModel
from domain.models import Precision
from tests.conftest import SFACE_FILE, YUNET_FILE, packaged

SOURCE = packaged(YUNET_FILE)
FREE = FreeAxes.BATCH | FreeAxes.SIZE


@pytest.fixture
def cache(tmp_path: Path) -> PreparedModels:
    return PreparedModels(tmp_path / "cache")


def entries(folder: Path) -> list[Path]:
    return sorted((folder / "cache").iterdir())


def test_an_entry_is_reused(cache: PreparedModels, tmp_path: Path) -> None:
    first = cache.prepared(SOURCE, FREE)
    (entry,) = entries(tmp_path)
    made = entry.stat()
    assert cache.prepared(SOURCE, FREE) == first
    assert entry.stat().st_ino == made.st_ino


def test_an_entry_is_an_onnx_file(cache: PreparedModels, tmp_path: Path) -> None:
    cache.prepared(SOURCE, FREE)
    (entry,) = entries(tmp_path)
    model = onnx.load(entry)
    onnx.checker.check_model(model)
    assert len(model.graph.output) == 12


def test_different_axes_are_different_entries(cache: PreparedModels, tmp_path: Path) -> None:
    cache.prepared(SOURCE, FREE)
    cache.prepared(SOURCE, FreeAxes.BATCH)
    assert len(entries(tmp_path)) == 2


def test_different_precisions_are_different_entries(cache: PreparedModels, tmp_path: Path) -> None:
    source = packaged(SFACE_FILE)
    exact = cache.prepared(source, FreeAxes.BATCH)
    assert cache.prepared(source, FreeAxes.BATCH, precision=Precision.INT8) != exact
    assert cache.prepared(source, FreeAxes.BATCH) == exact
    assert len(entries(tmp_path)) == 2


@pytest.mark.parametrize("damage", ["empty", "truncated", "changed", "appended"])
def test_a_damaged_entry_is_replaced(cache: PreparedModels, tmp_path: Path, damage: str) -> None:
    good = cache.prepared(SOURCE, FREE)
    (entry,) = entries(tmp_path)
    middle = len(good) // 2
    entry.write_bytes(
        {
            "empty": b"",
            "truncated": good[:middle],
            "changed": good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :],
            "appended": good + b"\0",
        }[damage]
    )
    assert cache.prepared(SOURCE, FREE) == good
    assert entry.read_bytes() == good


def test_concurrent_starts_prepare_once_and_leave_one_whole_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[FreeAxes] = []

    def counting(source: bytes, free: FreeAxes, dialect: Dialect, precision: Precision) -> bytes:
        prepared.append(free)
        return prepare(source, free, dialect, precision)

    monkeypatch.setattr("adapters.onnx.graphs.cache.prepare", counting)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: PreparedModels(tmp_path / "cache").prepared(SOURCE, FREE), range(8)))
    (entry,) = entries(tmp_path)
    assert {entry.read_bytes()} == set(made)
    assert prepared == [FREE]


def test_a_folder_that_cannot_be_written_is_tolerated(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert has_checksum(PreparedModels(tmp_path / "cache").prepared(SOURCE, FREE))


def test_nothing_is_cached_of_a_broken_source(cache: PreparedModels, tmp_path: Path) -> None:
    with pytest.raises(BrokenModel):
        cache.prepared(b"\xff\x00 not a model", FREE)
    assert not (tmp_path / "cache").exists()


def test_the_checksum_leaves_the_graph_unchanged() -> None:
    model = prepare(SOURCE, FREE)
    assert ModelProto.FromString(with_checksum(model)).graph == ModelProto.FromString(model).graph
    assert not has_checksum(model)
