"""The cores that a service may use, of those that the machine has."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.system.machine import give_back_memory, usable_cores


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of 16 cores whose groups are described in this folder."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)))
    monkeypatch.setattr("adapters.system.machine._GROUPS", tmp_path / "groups")
    monkeypatch.setattr("adapters.system.machine._OWN_GROUP", tmp_path / "own")
    return tmp_path


def write(groups: Path, own: str, files: Mapping[str, str]) -> None:
    (groups / "own").write_text(own)
    for name, text in files.items():
        path = groups / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("own", "files", "cores"),
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "10000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 16),
        ("0::/\n", {"cpu.max": "9900000 100000\n"}, 16),
        ("0::/\n", {"cpu.max": "what is this?\n"}, 16),
        ("0::/\n", {}, 16),
        ("0::/system.slice/face.service\n", {"system.slice/face.service/cpu.max": "300000 100000\n"}, 3),
        (
            "0::/all/ours\n",
            {"all/cpu.max": "200000 100000\n", "all/ours/cpu.max": "300000 100000\n"},
            2,
        ),
        ("0::/another/view\n", {"cpu.max": "400000 100000\n"}, 4),
        (
            "3:cpu:/\n0::/\n",
            {"cpu/cpu.cfs_quota_us": "500000\n", "cpu/cpu.cfs_period_us": "100000\n"},
            5,
        ),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 16),
    ],
)
def test_a_quota_of_processor_time_counts(
    groups: Path, own: str, files: Mapping[str, str], cores: int
) -> None:
    write(groups, own, files)
    assert usable_cores() == cores


def test_where_there_are_no_groups_all_cores_count(groups: Path) -> None:
    assert not (groups / "own").exists()
    assert usable_cores() == 16


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_freed_memory_is_given_back() -> None:
    """Blocks between which some stay: on its own, the C library gives back what is after the last one only."""
    blocks: list[bytes | None] = [bytes(2000) for _ in range(50_000)]
    full = resident()
    for number in range(len(blocks)):
        if number % 100:
            blocks[number] = None
    give_back_memory()
    assert full - resident() > 50_000_000
    assert blocks[0] is not None


def resident() -> int:
    """Bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
