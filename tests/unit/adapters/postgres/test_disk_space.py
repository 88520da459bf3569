"""When the adapters on PostgreSQL take the database's disk for full."""

import logging
import os
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.postgres import disk_space
from adapters.postgres.disk_space import LEAST, RESERVE, DiskSpace
from adapters.postgres.engine import make_engine
from domain.errors import StorageFull


class Disk:
    """Has so many free bytes."""

    free = RESERVE

    def statvfs(self, _: Path) -> SimpleNamespace:
        return SimpleNamespace(f_bavail=self.free // 4096, f_frsize=4096)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(os, "statvfs", disk.statvfs)
    return disk


@pytest.mark.parametrize(
    ("free", "adding", "deleting"),
    [
        (RESERVE, True, True),
        (RESERVE - 4096, False, True),
        (LEAST, False, True),
        (LEAST - 4096, False, False),
        (0, False, False),
    ],
)
def test_adding_ends_before_deleting(
    disk: Disk, tmp_path: Path, free: int, *, adding: bool, deleting: bool
) -> None:
    space, disk.free = DiskSpace(tmp_path), free
    for adds, allowed in ((True, adding), (False, deleting)):
        if allowed:
            space.require(adds=adds)
        else:
            with pytest.raises(StorageFull):
                space.require(adds=adds)
    assert space.full() is not adding


def test_one_line_says_that_it_is_full_and_one_that_it_no_longer_is(
    disk: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    space = DiskSpace(tmp_path)
    with caplog.at_level(logging.INFO, "face.storage"):
        for free in (RESERVE, 0, 0, 0, RESERVE, RESERVE):
            disk.free = free
            space.full()
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]
    assert "is full" in caplog.text
    assert "has room again" in caplog.text


def test_what_the_server_says_is_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    space = DiskSpace()
    assert not space.full()
    space.report_full()
    assert space.full()
    space.require(adds=True)  # the server decides each time
    now += disk_space.REMEMBERED_S
    assert not space.full()


def test_a_disk_that_cannot_be_asked_is_not_full(tmp_path: Path) -> None:
    space = DiskSpace(tmp_path / "nowhere")
    space.require(adds=True)
    assert not space.full()


@pytest.mark.parametrize("local", [True, False])
async def test_the_disk_is_known_of_a_server_whose_socket_is_in_its_data_directory(
    disk: Disk, tmp_path: Path, *, local: bool
) -> None:
    if local:
        (tmp_path / "PG_VERSION").write_text("18\n")
    disk.free = 0
    engine = make_engine(f"postgresql+asyncpg://face@/face?host={tmp_path}&port=5432", 1)
    space = engine.get_execution_options()[disk_space.OPTION]
    assert space.full() is local
