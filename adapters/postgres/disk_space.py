"""Room on the database's disk.

Writes stop while there is still some: a PostgreSQL that can't extend its write-ahead log shuts down, and reads
end with it.
"""

import logging
import math
import os
import time
from pathlib import Path

from domain.errors import StorageFull

OPTION = "face_disk_space"
"""The execution option of an engine that holds its DiskSpace."""

RESERVE = 64 << 20
"""Free bytes below which nothing is added; deleting, which makes room, goes on."""
LEAST = 32 << 20
"""Free bytes below which nothing is written: two segments of the write-ahead log."""
REMEMBERED_S = 30.0
"""For how long the storage is reported as full after the server has said so."""

logger = logging.getLogger("face.storage")


class DiskSpace:
    """Known from the file system where the server's data directory is on this machine, else from its errors."""

    def __init__(self, data_directory: Path | None = None) -> None:
        self._data_directory = data_directory
        self._reported_until = -math.inf
        self._logged = False

    def require(self, *, adds: bool) -> None:
        """Check the room for a write.

        Args:
            adds: whether it adds data, rather than deleting or replacing a little.

        Raises:
            StorageFull: there is too little.
        """
        free = self._free()
        self._log(free)
        if free < (RESERVE if adds else LEAST):
            raise StorageFull

    def report_full(self) -> None:
        """The server has found no room, on a disk that isn't known here or because of a quota."""
        free = self._free()
        if free >= RESERVE:
            self._reported_until = time.monotonic() + REMEMBERED_S
        self._log(free)

    def full(self) -> bool:
        """Whether new data is refused now, or was by the server a short while ago."""
        self._log(self._free())
        return self._logged

    def _log(self, free: float) -> None:
        full = free < RESERVE or time.monotonic() < self._reported_until
        if full and not self._logged:
            logger.error(
                "the database's disk is full: until there is room, people are found but not enrolled"
            )
        elif self._logged and not full:
            logger.warning("the database's disk has room again")
        self._logged = full

    def _free(self) -> float:
        """Bytes; infinite if that can't be known."""
        if self._data_directory is None:
            return math.inf
        try:
            status = os.statvfs(self._data_directory)
        except OSError:
            return math.inf
        return status.f_bavail * status.f_frsize
