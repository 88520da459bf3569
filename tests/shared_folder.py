"""A folder that all processes of a test run share, so that what takes long to make is made once."""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

KEY = "SHARED_BY_TESTS"
"""Names the folder, to the processes that the first one starts."""


@cache
def shared_folder() -> Path:
    """It goes with the process that asks first."""
    if KEY not in os.environ:
        os.environ[KEY] = tempfile.mkdtemp(prefix="face-tests-")
        atexit.register(shutil.rmtree, os.environ[KEY], ignore_errors=True)
    return Path(os.environ[KEY])


def prepared_folder() -> Path:
    """Of prepared models: whoever prepares another has prepared it for all tests."""
    folder = shared_folder() / "prepared"
    folder.mkdir(0o700, exist_ok=True)
    (folder / "shared").touch()  # an empty one is removed
    return folder


def with_models(data: Path) -> Path:
    """A data directory, made if there is none, whose models are prepared for all tests."""
    data.mkdir(0o700, parents=True, exist_ok=True)
    (data / "prepared").symlink_to(prepared_folder())
    return data


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """A folder in it, as `make` leaves it; other processes wait for whichever is first."""
    folder, done = shared_folder() / name, shared_folder() / f"{name}.done"
    with (shared_folder() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
