"""Bounding the time that decoding a file takes."""

import time
from io import BytesIO

from typing_extensions import override

from application.ports.effort import checkpoint
from domain.errors import InvalidImage

_BLOCK = 1 << 16
"""Size of the reads that Pillow makes: inflated a thousandfold, as zlib can, it takes a fraction of a second."""
_SMALL = 1 << 10
"""Bytes; a file's head is read in dozens of pieces that have fewer."""
_SMALL_READS = 16
"""Between two looks at the clock, each of which is a system call."""
START_OF_SCAN = b"\xff\xda"


class TimedFile(BytesIO):
    """A file in memory whose `read` raises once this thread has spent too much processor time.

    Decoders in C can't be interrupted, but Pillow feeds them block by block. Processor time rather than time by the
    clock, so that a busy machine refuses no photo that an idle one accepts.
    """

    def __init__(self, data: bytes, seconds: float, *, scans: bool = False) -> None:
        """Start the clock.

        Args:
            data: the file's content.
            seconds: of this thread's processor time, starting now.
            scans: whether a block ends where a scan of a JPEG begins. A scan has as few as ten bytes and, in a large
                image, takes a tenth of a second.
        """
        super().__init__(data)
        self._data = data
        self._scans = scans
        self._end = time.thread_time() + seconds
        self._small_reads = 0

    @override
    def read(self, size: int | None = -1, /) -> bytes:
        """Read as from any file.

        Raises:
            InvalidImage: the time is up.
            CancelledError: nobody waits for the image any longer.
        """
        small = size is not None and 0 <= size < _SMALL
        self._small_reads += small
        if not small or self._small_reads % _SMALL_READS == 0:
            self._check()
        if self._scans and size == _BLOCK:
            place = self.tell()
            next_scan = self._data.find(START_OF_SCAN, place + 1, place + size)
            if next_scan > 0:
                size = next_scan - place
        return super().read(size)

    def _check(self) -> None:
        checkpoint()
        if time.thread_time() > self._end:
            raise InvalidImage("The image takes too long to decode; save it anew and send that.")
