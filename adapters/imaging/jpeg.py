"""Reducing a JPEG file to the parts that decoding needs (ITU-T T.81, annex B).

Pillow reads everything before the first scan byte by byte, and keeps it; here it is skipped in one pass.
"""

import re
from typing import NamedTuple

from domain.errors import InvalidImage

_MAX_SEGMENTS = 1000
"""Of a file; the largest metadata come in segments of 64 KiB."""
_MAX_SCANS = 100
"""Of a progressive file; encoders make about ten."""
_MARKER = re.compile(rb"\xff[^\x00\xff]")
"""May follow any number of fill bytes (B.1.1.2)."""
_MARKER_IN_SCAN = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Ends a scan; restart markers don't."""
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a segment: temporary, restart, start of image."""
_WINDOW = 64 * 1024
"""Bytes that are searched at once: the interpreter's lock is kept meanwhile, half a millisecond at most."""
_FILL = b"\xff" * _WINDOW
_END_OF_IMAGE = 0xD9
_END = bytes((0xFF, _END_OF_IMAGE))
_START_OF_SCAN = 0xDA
_BASELINE = 0xC0
"""Start of a frame of eight bits a sample, Huffman coded, in one scan or a few, each a part of the picture."""
_EXIF = 0xE1
_FURTHER_CODES = b"".join(bytes((*range(0xFF), 0xFF, restart)) for restart in range(0xD0, 0xD8))
"""Of pixels of any scan, and what restarts decoding. Where there is none, decoders make pixels up."""
_METADATA = frozenset({*range(0xE0, 0xF0), 0xFE})
"""Application segments and comments."""
_NEEDED = {0xE0: b"JFIF", 0xE1: b"Exif\0\0", 0xEE: b"Adobe"}
"""Of those: what has the colour space and the orientation."""


def essential_jpeg(data: bytes) -> bytes:
    """The first image of a file, without metadata, fill bytes and trailing data.

    Raises:
        InvalidImage: damaged, or more segments or scans than any photo has.
    """
    parts = [data[:2]]
    place, segments = 2, 0
    first_scan = None
    while True:
        found = _search(_MARKER if first_scan is None else _MARKER_IN_SCAN, data, place)
        if found is None or data[found.end() - 1] == _END_OF_IMAGE:
            break
        start, marker = found.start(), data[found.end() - 1]
        place = found.end()
        if marker in _ALONE:
            continue
        segments += 1
        if segments > _MAX_SEGMENTS:
            raise InvalidImage("The JPEG file has more segments than any photo.")
        end = place + int.from_bytes(data[place : place + 2], "big")
        if first_scan is None:
            if marker == _START_OF_SCAN:
                first_scan = start
            elif _is_needed(marker, data[place + 2 : end]):
                parts.append(data[start:end])
        place = end
    if first_scan is None or place > len(data):
        raise InvalidImage("The image file is damaged.")
    # Without an end marker, half of one may be there.
    scans = data[first_scan:].rstrip(b"\xff") if found is None else data[first_scan : found.end()]
    if scans.count(bytes((0xFF, _START_OF_SCAN))) > _MAX_SCANS:
        raise InvalidImage("The JPEG file has more scans than any photo.")
    return b"".join([*parts, scans])


def possible_files(essential: bytes) -> list[bytes]:
    """The file; or, if it has no end marker, two that begin with it.

    Some cameras write such files, and viewers show them. If the picture is whole, it is the same in both: codes after
    those of the last pixel mean nothing.
    """
    if essential.endswith(_END):
        return [essential]
    return [essential + _END, essential + _FURTHER_CODES + _END]


class Frame(NamedTuple):
    """What the header of a JPEG file says."""

    width: int
    height: int
    components: int
    """1: grey; 3: colour."""
    exif: bytes
    """The Exif segment's content; empty if there is none."""


def plain_frame(essential: bytes) -> Frame | None:
    """The frame of a file that is decoded in one go: baseline, one scan, grey or colour. Most photos are.

    Args:
        essential: what `essential_jpeg` returned.
    """
    frame, exif, place = b"", b"", 2
    while (marker := essential[place + 1]) != _START_OF_SCAN:
        end = place + 2 + int.from_bytes(essential[place + 2 : place + 4], "big")
        content = essential[place + 4 : end]
        if marker == _EXIF:
            if exif:
                return None
            exif = content
        elif marker == _BASELINE:
            frame = content
        place = end
    several = essential.find(bytes((0xFF, _START_OF_SCAN)), place + 2) >= 0
    if several or len(frame) < 6 or frame[5] not in {1, 3}:  # noqa: PLR2004 (B.2.2)
        return None
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    return Frame(width, height, frame[5], exif) if width and height else None


def _search(marker: re.Pattern[bytes], data: bytes, place: int) -> re.Match[bytes] | None:
    """The first marker, of two bytes, from a place on."""
    while place < len(data):
        if not data.startswith(_FILL, place) and (found := marker.search(data, place, place + _WINDOW)):
            return found
        place += _WINDOW - 1  # the last byte may begin a marker
    return None


def _is_needed(marker: int, content: bytes) -> bool:
    return marker not in _METADATA or (marker in _NEEDED and content.startswith(_NEEDED[marker]))
