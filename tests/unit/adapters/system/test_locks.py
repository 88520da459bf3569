"""Locks between processes."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from adapters.system.locks import exclusive

HOLD = """
import pathlib, sys, time
from adapters.system.locks import exclusive
with exclusive(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_one_thread_at_a_time(tmp_path: Path) -> None:
    inside = 0

    def work(_: int) -> int:
        nonlocal inside
        with exclusive(tmp_path):
            inside += 1
            seen = inside
            time.sleep(0.005)
            inside -= 1
        return seen

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(work, range(12))) == {1}


def test_another_process_is_waited_for_and_its_end_releases_the_lock(tmp_path: Path) -> None:
    with Popen([sys.executable, "-c", HOLD, str(tmp_path), "600"], stdout=PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        began = time.monotonic()
        with exclusive(tmp_path, timeout_s=0.2):
            waited = time.monotonic() - began
        other.kill()
        other.wait()
        began = time.monotonic()
        with exclusive(tmp_path, timeout_s=300):
            pass
        assert time.monotonic() - began < 200
    assert waited >= 0.2


def test_a_folder_that_goes_while_it_is_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if another one had removed it after mkdir found it, and before mkdir looked at what it is."""
    folder, mkdir, lost = tmp_path / "folder", Path.mkdir, [FileExistsError(), FileNotFoundError()]

    def lose(path: Path, *, parents: bool, exist_ok: bool) -> None:
        if lost:
            raise lost.pop()
        mkdir(path, parents=parents, exist_ok=exist_ok)

    monkeypatch.setattr(Path, "mkdir", lose)
    with exclusive(folder):
        assert folder.is_dir()
        with exclusive(folder, timeout_s=0.1):
            pass
        assert folder.is_dir()
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    done = False
    with exclusive(tmp_path / "file"), exclusive(tmp_path / "file" / "below"), exclusive(tmp_path / "link"):
        done = True
    assert done
    assert (tmp_path / "file").is_file()


def test_an_empty_folder_is_removed_and_others_stay(tmp_path: Path) -> None:
    with exclusive(tmp_path / "empty"):
        assert (tmp_path / "empty").is_dir()
    with exclusive(tmp_path / "used"):
        (tmp_path / "used" / "file").write_text("")
    assert [path.name for path in tmp_path.iterdir()] == ["used"]
