"""Reducing a PNG file to the chunks that decoding needs (ISO/IEC 15948, clause 5).

Pillow refuses files with long texts or colour profiles, and is slow with many small chunks.
"""

import zlib

from application.ports.effort import checkpoint
from domain.errors import InvalidImage

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 100_000
"""Of a file; encoders write some thousand bytes in one."""
_USUAL_CHUNKS = 5000
"""Fewer are read in so little time that nobody notices."""
_MANY_CHUNKS_S = 1.0
"""As which more of them count: reading them keeps the interpreter's lock, so that all others wait."""
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"eXIf"})
"""Besides the pixels; the first of each type."""
_HEAD = 8
_CHANNELS = {2: 3, 4: 2, 6: 4}
"""By the colour type; the others have one."""


def essential_png(data: bytes) -> bytes:
    """The file without texts, profiles and the like, and with all pixels in one chunk.

    Raises:
        InvalidImage: damaged, an animation, or more chunks than any photo has.
    """
    before: list[bytes] = []
    after: list[bytes] = []
    pixels: list[bytes] = []
    seen = set()
    place = len(SIGNATURE)
    for number in range(_MAX_CHUNKS):
        if number == _USUAL_CHUNKS:
            checkpoint(_MANY_CHUNKS_S)
        kind = data[place + 4 : place + _HEAD]
        end = place + _HEAD + int.from_bytes(data[place : place + 4], "big")
        if kind == b"IDAT":
            pixels.append(data[place + _HEAD : end])
        elif kind in _KEPT and kind not in seen:
            seen.add(kind)
            (after if pixels else before).append(data[place : end + 4])
        elif kind == b"acTL" and int.from_bytes(data[place + _HEAD : place + _HEAD + 4], "big") > 1:
            raise InvalidImage("The image is an animation; send a still image.")
        elif kind == b"IEND" or len(kind) < 4:  # noqa: PLR2004 (the end of the file; if pixels are missing, decoding fails)
            break
        elif not kind.isalpha():
            raise InvalidImage("The image file is damaged.")
        place = end + 4
    else:
        raise InvalidImage("The PNG file has more chunks than any photo.")
    body = b"".join(pixels)
    return b"".join([SIGNATURE, *before, _chunk(b"IDAT", body), *after, _chunk(b"IEND", b"")])


def bytes_of_pixel(data: bytes) -> float:
    """Of the unpacked pixels of a file that begins with its header chunk (11.2.2)."""
    depth, colour = data[24:26]
    return depth / 8 * _CHANNELS.get(colour, 1)


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(body, zlib.crc32(kind))
    return len(body).to_bytes(4, "big") + kind + body + checksum.to_bytes(4, "big")
