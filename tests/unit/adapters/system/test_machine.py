"""The cores that a service may use, of those that the machine has."""

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.system.machine import return_freed_memory, usable_cores


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of the file system of a machine of 16 cores."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)))
    return tmp_path


def write(root: Path, own: str, files: Mapping[str, str]) -> None:
    for name, text in {
        "proc/self/cgroup": own,
        **{f"sys/fs/cgroup/{name}": files[name] for name in files},
    }.items():
        path = root / name
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
def test_a_cpu_quota_counts(root: Path, own: str, files: Mapping[str, str], cores: int) -> None:
    write(root, own, files)
    assert usable_cores(root) == cores


def test_without_control_groups_all_cores_count(root: Path) -> None:
    assert usable_cores(root) == 16


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_freed_memory_is_returned() -> None:
    """Blocks between which some stay: on its own, the C library gives back what is after the last one only."""
    blocks: list[bytes | None] = [bytes(2000) for _ in range(50_000)]
    full = resident()
    for number in range(len(blocks)):
        if number % 100:
            blocks[number] = None
    return_freed_memory()
    assert full - resident() > 50_000_000
    assert blocks[0] is not None


_THREADS = """
import ctypes
import threading

from adapters.system.machine import keep_freed_memory, return_freed_memory
from tests.unit.adapters.system.test_machine import resident

library, size, blocks = ctypes.CDLL(None), 1_000_000, 50
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]


def work():
    library.free(library.malloc(30_000_000))  # from then on, smaller blocks come from an arena
    taken = [library.malloc(size) for _ in range(blocks)]
    for block in taken:
        ctypes.memset(block, 1, size)
    for block in taken:
        library.free(block)
    done.set()
    end.wait()


keep_freed_memory()
start, end, threads = resident(), threading.Event(), []
for _ in range(3):
    done = threading.Event()
    threads.append(threading.Thread(target=work))
    threads[-1].start()
    done.wait()
return_freed_memory()
print(resident() - start)
end.set()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
def test_what_threads_have_freed_is_returned_while_they_go_on() -> None:
    kept = subprocess.run([sys.executable, "-c", _THREADS], capture_output=True, check=True, text=True)
    assert int(kept.stdout) < 25_000_000, "each thread had 50 MB"


_REPEATED = """
import ctypes
from resource import RUSAGE_SELF, getrusage

from adapters.system.machine import keep_freed_memory

library, size, blocks = ctypes.CDLL(None), 3_000_000, 15
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]


def work():
    taken = [library.malloc(size) for _ in range(blocks)]
    for block in taken:
        ctypes.memset(block, 1, size)
    for block in taken:
        library.free(block)


keep_freed_memory()
work()
before = getrusage(RUSAGE_SELF).ru_minflt
for _ in range(10):
    work()
print(getrusage(RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told")
def test_what_each_photo_takes_is_not_asked_of_the_system_again() -> None:
    faults = subprocess.run([sys.executable, "-c", _REPEATED], capture_output=True, check=True, text=True)
    assert int(faults.stdout) < 11_000, "each time has 11,000 pages"


def resident() -> int:
    """Bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
