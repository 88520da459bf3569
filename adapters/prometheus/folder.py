"""The folder in which processes of a service have their counters, so that each can tell those of all.

Imports nothing of prometheus-client, which decides as it is imported where it counts.
"""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adapters.system.files import make_private_folder
from application.errors import StartupError

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client looks for the folder."""

FILE_BYTES = 1 << 20
"""Of each file: more than the bounded number of series takes, so that no file grows."""

_KINDS = ("counter", "histogram", "gauge_livesum", "gauge_liveall", "gauge_livemax")
"""What prometheus-client calls its files after."""

logger = logging.getLogger("face.metrics")


@contextmanager
def metrics_folder(run: Path) -> Iterator[None]:
    """Make the folder for the service that this process is the first of, and remove it at the end.

    What services that were killed have left in `run` is removed too. Without room on the disk each process tells its
    own numbers alone.

    Raises:
        StartupError: the folder is within a file, or in a file system that has no folders.
    """
    folder = run / f"metrics-{os.getpid()}"
    try:
        make_private_folder(run)
        for left in run.glob("metrics-*"):
            if left == folder or not Path("/proc", left.name.removeprefix("metrics-")).exists():
                shutil.rmtree(left, ignore_errors=True)
        folder.mkdir(mode=0o700)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        raise StartupError(f"FACE_DATA_DIR: there can be no folder {error.filename}") from None
    except OSError as error:
        logger.warning("metrics are those of each process alone: %s", error.strerror)
        yield
        return
    os.environ[VARIABLE] = str(folder)
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def allocate() -> None:
    """Give this process its files, before prometheus-client opens them.

    It would make them as large as needed when they are written to: on a full disk that is SIGBUS.
    """
    if (folder := os.environ.get(VARIABLE)) is None:
        return
    try:
        for kind in _KINDS:
            file = os.open(Path(folder, f"{kind}_{os.getpid()}.db"), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(file, 0, FILE_BYTES)
            finally:
                os.close(file)
    except OSError as error:
        logger.warning("metrics of this process are not those of the service: %s", error.strerror)
        for kind in _KINDS:
            Path(folder, f"{kind}_{os.getpid()}.db").unlink(missing_ok=True)
        del os.environ[VARIABLE]


def allocate_in_memory() -> None:
    """As `allocate`, in a service of one process, whose counts need not outlive it.

    Counting must not wait for a disk: where it hangs, or is frozen for a snapshot, the event loop would hang, too.
    """
    if (folder := os.environ.get(VARIABLE)) is None:
        return
    for kind in _KINDS:
        memory = os.memfd_create(f"face-metrics-{kind}")  # open as long as the process lives
        os.ftruncate(memory, FILE_BYTES)
        Path(folder, f"{kind}_{os.getpid()}.db").symlink_to(f"/proc/{os.getpid()}/fd/{memory}")


def forget_process(pid: int) -> None:
    """Remove what holds only while a process lives; what it has counted stays counted."""
    if (folder := os.environ.get(VARIABLE)) is not None:
        for file in Path(folder).glob(f"gauge_live*_{pid}.db"):
            with suppress(OSError):
                file.unlink()
