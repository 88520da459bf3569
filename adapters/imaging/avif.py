"""Pixels that decoding an AVIF file computes (ISO/IEC 14496-12 and 23008-12; AV1 specification, 5.3 to 5.9).

The decoder can't be interrupted, and neither the size of the coded frames nor their number is that of the container,
which is all that Pillow looks at: a file that calls itself a thumbnail may hold thousands of huge frames.
"""

from collections.abc import Iterator

from domain.errors import InvalidImage

_MAX_PARTS = 10_000
"""Boxes, extents and AV1 units of a file: a photo has some fifty, of a grid some hundred more."""
_FRAMES = 4
"""Full-size frames that a photo may consist of: colour and alpha, a gain map, a thumbnail."""
_SEQUENCE_HEADER, _FRAME_HEADER, _FRAME = 1, 3, 6
"""Types of AV1 units (OBUs)."""
_CHILDREN_AT = {b"meta": 4, b"iinf": 6}
"""Bytes before the boxes inside a box."""


def pixels_to_decode(data: bytes) -> int:
    """Pixels of the largest frame of a file, or a quarter of those of all frames if that is more.

    Raises:
        InvalidImage: an animation, or a file of more parts than any photo.
        ValueError: it is damaged.
    """
    return _Avif(data).pixels()


class _Reader:
    """Reads big-endian numbers from a range of bytes."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data = data
        self._place = 8 * start
        self._end = 8 * min(end, len(data))

    def bits(self, count: int) -> int:
        place = self._place + count
        if place > self._end:
            raise ValueError("the file ends too early")
        first, last = self._place // 8, -(-place // 8)
        self._place = place
        return (int.from_bytes(self._data[first:last], "big") >> (8 * last - place)) & ((1 << count) - 1)

    def bytes(self, count: int) -> int:
        return self.bits(8 * count)


class _Avif:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._parts = 0

    def pixels(self) -> int:
        boxes = dict(self._boxes(0, len(self._data)))
        if b"moov" in boxes and self._data[8:12] != b"avif":
            raise InvalidImage("The image is an animation; send a still image.")
        frames = [pixels for item in self._av1_items(*boxes[b"meta"]) for pixels in self._frames(item)]
        return max(max(frames, default=0), sum(frames) // _FRAMES)

    def _count(self) -> None:
        self._parts += 1
        if self._parts > _MAX_PARTS:
            raise InvalidImage("The AVIF file has more parts than any photo.")

    def _boxes(self, place: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
        """Type, and start and end of the content, of each box in a range."""
        while place < end:
            self._count()
            reader = _Reader(self._data, place, end)
            size, kind, header = reader.bytes(4), self._data[place + 4 : place + 8], 8
            if size == 1:
                reader.bytes(4)
                size, header = reader.bytes(8), 16
            size = size or end - place
            if size < header:
                raise ValueError("a box is smaller than its header")
            start = place + header + _CHILDREN_AT.get(kind, 0)
            place += size
            yield kind, (start, min(place, end))

    def _av1_items(self, start: int, end: int) -> Iterator[bytes]:
        """The coded pictures of the file."""
        meta = dict(self._boxes(start, end))
        entries = [_Reader(self._data, *place) for _, place in self._boxes(*meta[b"iinf"])]
        av1 = {number for number, kind in map(_item_type, entries) if kind == b"av01"}
        total = 0
        for number, extents in self._extents(*meta[b"iloc"], idat=meta.get(b"idat", (0, 0))[0]):
            if number in av1:
                total += sum(length for _, length in extents)
                if total > len(self._data):
                    raise ValueError("items are larger than the file")
                yield b"".join(self._data[place : place + length] for place, length in extents)

    def _extents(self, start: int, end: int, idat: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """Number of each item, and place and length of its pieces in the file."""
        reader = _Reader(self._data, start, end)
        version = reader.bytes(4) >> 24
        offset, length, base, index = (reader.bits(4) for _ in range(4))
        wide = 4 if version > 1 else 2
        for _ in range(reader.bytes(wide)):
            number = reader.bytes(wide)
            in_idat = version > 0 and reader.bytes(2) & 15 == 1
            reader.bytes(2)
            origin = reader.bytes(base) + (idat if in_idat else 0)
            extents = []
            for _ in range(reader.bytes(2)):
                self._count()
                reader.bytes(index if version > 0 else 0)
                place = origin + reader.bytes(offset)
                extents.append((place, reader.bytes(length) or len(self._data)))
            yield number, extents

    def _frames(self, item: bytes) -> Iterator[int]:
        """Pixels of each frame of a coded picture."""
        place, pixels = 0, 0
        while place < len(item):
            self._count()
            reader = _Reader(item, place, len(item))
            reader.bits(1)
            kind, extended, sized = reader.bits(4), reader.bits(1), reader.bits(1)
            reader.bits(9 if extended else 1)
            place += 1 + extended
            size = len(item) - place
            if sized:
                size, length = _leb128(reader)
                place += length
            if kind == _SEQUENCE_HEADER:
                pixels = _frame_pixels(_Reader(item, place, place + size))
            elif kind in {_FRAME_HEADER, _FRAME}:
                yield pixels
            place += size


def _item_type(entry: _Reader) -> tuple[int, bytes]:
    """Number and type of an item; only entries of versions 2 and 3 have a type."""
    version = entry.bytes(4) >> 24
    number = entry.bytes(4 if version > 2 else 2)  # noqa: PLR2004
    entry.bytes(2)
    return number, entry.bytes(4).to_bytes(4, "big")


def _leb128(reader: _Reader) -> tuple[int, int]:
    """A number of seven bits per byte, least significant first; and how many bytes it takes."""
    value = 0
    for length in range(8):
        more, bits = reader.bits(1), reader.bits(7)
        value |= bits << (7 * length)
        if not more:
            return value, length + 1
    raise ValueError("a number has more than eight bytes")


def _frame_pixels(header: _Reader) -> int:
    """The maximum size of a frame, from a sequence header (5.5.1)."""
    header.bits(4)
    if header.bits(1):  # of a still picture, in short form
        header.bits(5)
    else:
        delay = _skip_timing(header)
        initial_delay = header.bits(1)
        for _ in range(header.bits(5) + 1):
            header.bits(12)
            if header.bits(5) > 7:  # noqa: PLR2004 (levels that have tiers)
                header.bits(1)
            if delay and header.bits(1):
                header.bits(2 * delay + 1)
            if initial_delay and header.bits(1):
                header.bits(4)
    width, height = header.bits(4) + 1, header.bits(4) + 1
    return (header.bits(width) + 1) * (header.bits(height) + 1)


def _skip_timing(header: _Reader) -> int:
    """Read past the timing and the decoder model; bits of the latter's delays, 0 without one."""
    if not header.bits(1):
        return 0
    header.bits(64)
    if header.bits(1):
        zeros = 0
        while not header.bits(1):
            zeros += 1
        header.bits(zeros)
    if not header.bits(1):
        return 0
    delay = header.bits(5) + 1
    header.bits(42)
    return delay
