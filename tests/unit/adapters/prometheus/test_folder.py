"""Where processes count."""

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.prometheus.folder import FILE_BYTES, VARIABLE, allocate, forget_process, metrics_folder
from application.errors import StartupError


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.delenv(VARIABLE)


def test_files_have_their_room_from_the_start(tmp_path: Path) -> None:
    run = tmp_path / "data" / "run"
    with metrics_folder(run):
        allocate()
        files = list(Path(os.environ[VARIABLE]).iterdir())
        assert len(files) == 5
        assert all(file.stat().st_size == FILE_BYTES for file in files)
        assert all(file.stat().st_blocks * 512 >= FILE_BYTES for file in files)
    assert list(run.iterdir()) == []


def test_a_service_of_one_process_counts_in_memory(tmp_path: Path) -> None:
    script = """
from adapters.prometheus.folder import allocate_in_memory
allocate_in_memory()
from adapters.prometheus.metrics import IN_PROGRESS, MEMORY, REFUSALS, exposition
REFUSALS.labels("busy").inc(3)
IN_PROGRESS.inc()
MEMORY.set(7)
print(exposition().decode())
"""
    with metrics_folder(tmp_path / "run"):
        told = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout
        files = list(Path(os.environ[VARIABLE]).iterdir())
    assert 'face_refusals_total{code="busy"} 3.0' in told
    assert "face_requests_in_progress 1.0" in told
    assert re.search(r'face_process_resident_memory_bytes{pid="\d+"} 7.0', told)
    assert len(files) == 5
    assert not any(file.exists() for file in files)  # links into the process, which has ended


@pytest.mark.parametrize("place", ["data", "data/run", "data/deeper/run"])
def test_a_file_in_the_place_of_the_data_directory_stops_the_start(tmp_path: Path, place: str) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(StartupError, match=r"FACE_DATA_DIR: .*/data"), metrics_folder(tmp_path / place):
        pass


def test_what_a_killed_service_left_is_removed_and_what_another_uses_is_not(tmp_path: Path) -> None:
    for name in (f"metrics-{2**22 + 1}", f"metrics-{os.getpid()}", f"metrics-{os.getppid()}", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "counter_1.db").touch()
    with metrics_folder(tmp_path):
        assert list(Path(os.environ[VARIABLE]).iterdir()) == []
        assert {path.name for path in tmp_path.iterdir()} == {
            f"metrics-{os.getpid()}",
            f"metrics-{os.getppid()}",
            "other",
        }


def test_a_process_that_ended_leaves_its_counts_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for name in (
        "counter_7.db",
        "histogram_7.db",
        "gauge_livesum_7.db",
        "gauge_liveall_7.db",
        "gauge_liveall_77.db",
    ):
        (tmp_path / name).touch()
    forget_process(7)
    assert {path.name for path in tmp_path.iterdir()} == {
        "counter_7.db",
        "histogram_7.db",
        "gauge_liveall_77.db",
    }


def test_without_room_a_process_counts_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(os, "posix_fallocate", full)
    allocate()
    assert VARIABLE not in os.environ
    assert list(tmp_path.iterdir()) == []


def test_a_folder_for_which_there_is_no_room_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Path, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "mkdir", full)
    with metrics_folder(tmp_path / "data" / "run"):
        assert VARIABLE not in os.environ
    forget_process(1)
