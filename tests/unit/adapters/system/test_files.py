"""Files that are written by renaming."""

import os
from pathlib import Path

import pytest

from adapters.files.archive.writer import writing
from adapters.system.files import write_atomically
from application.bulk.errors import ArchiveError


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_what_is_no_file_is_not_replaced(pipe: Path) -> None:
    with pytest.raises(OSError, match="device or a pipe"):
        write_atomically(pipe, b"new")
    with (
        pytest.raises(ArchiveError, match=r"can't write .*pipe: it is a folder, a device or a pipe"),
        writing(pipe, "test"),
    ):
        pass
    assert pipe.is_fifo()
    assert list(pipe.parent.iterdir()) == [pipe]


def test_a_link_stays_one_and_its_file_is_written(tmp_path: Path) -> None:
    link, file = tmp_path / "link", tmp_path / "file"
    file.touch()
    link.symlink_to(file)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
