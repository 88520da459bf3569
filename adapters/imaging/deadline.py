"""A file in memory that can be read only as long as decoding it takes a reasonable time."""

import time
from io import BytesIO

from typing_extensions import override

from domain.errors import InvalidImage

_BLOCK = 1 << 16
"""Bytes that are read at a time: what inflates a thousandfold, as zlib does, takes a fraction of a second."""
_START_OF_SCAN = b"\xff\xda"


class TimedFile(BytesIO):
    """A file whose `read` raises as soon as this thread has worked on it for too long.

    Decoders in C can't be interrupted, but they are fed: between two blocks the clock is read. What counts is the
    time that the thread has computed, so that a busy machine refuses no photo that an idle one takes.
    """

    def __init__(self, data: bytes, seconds: float, *, scans: bool = False) -> None:
        """Start the clock.

        Args:
            data: the file's content.
            seconds: of this thread's processor time, from now on.
            scans: whether a block ends where a scan of a JPEG begins. A scan takes ten bytes and, of a large image, a
                tenth of a second.
        """
        super().__init__(data)
        self._data = data
        self._scans = scans
        self._end = time.thread_time() + seconds

    @override
    def read(self, size: int | None = -1, /) -> bytes:
        """As of any file.

        Raises:
            InvalidImage: the time is up.
        """
        if time.thread_time() > self._end:
            raise InvalidImage("The image takes too long to decode; save it anew and send that.")
        if self._scans and size == _BLOCK:
            place = self.tell()
            next_scan = self._data.find(_START_OF_SCAN, place + 1, place + size)
            if next_scan > 0:
                size = next_scan - place
        return super().read(size)
