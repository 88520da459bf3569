"""The orientation of the camera, from an EXIF block.

Pillow's own reader issues a warning, which is process-wide state, about every flaw of a block.
"""

import struct

_ORIENTATION = 0x0112
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
"""BYTE, SHORT and LONG, and those with a sign. The standard wants SHORT; some software writes others."""
_PREFIX = b"Exif\0\0"
_BYTE_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_UPRIGHT = 1


def orientation(block: bytes) -> int:
    """The orientation tag, 1 to 8 (EXIF 2.32, 4.6.4 A); 1, upright, if the block has none or is damaged.

    Args:
        block: a TIFF header and what follows it, with or without the prefix "Exif".
    """
    tiff = block
    while tiff.startswith(_PREFIX):  # twice where a PNG's chunk has it: Pillow puts one before it
        tiff = tiff.removeprefix(_PREFIX)
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        return _UPRIGHT
    try:
        return _read(tiff, order)
    except struct.error:
        return _UPRIGHT


def _read(tiff: bytes, order: str) -> int:
    (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
    (count,) = struct.unpack_from(f"{order}H", tiff, directory)
    for entry in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind = struct.unpack_from(f"{order}HH", tiff, entry)
        if tag == _ORIENTATION and kind in _INTEGERS:
            (value,) = struct.unpack_from(f"{order}{_INTEGERS[kind]}", tiff, entry + 8)
            if 1 <= value <= 8:  # noqa: PLR2004
                return int(value)
    return _UPRIGHT
