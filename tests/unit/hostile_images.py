"""Files that are small and take long to decode, or much memory, each made from nothing."""

import struct
import zlib
from io import BytesIO

from PIL import Image as Pillow

PNG = b"\x89PNG\r\n\x1a\n"


def jpeg(width: int, height: int, *, progressive: bool = False) -> bytes:
    """A grey file of one colour."""
    file = BytesIO()
    Pillow.new("L", (width, height), 90).save(file, "JPEG", progressive=progressive)
    return file.getvalue()


def with_scans(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG with scans that change nothing, of ten bytes each."""
    scan = struct.pack(">HHBBBBBB", 0xFFDA, 8, 1, 1, 0, 1, 63, 0)
    return jpeg(width, height, progressive=True)[:-2] + scan * scans + b"\xff\xd9"


def with_fill_bytes(data: bytes, count: int) -> bytes:
    """A JPEG with so many bytes of padding before its first marker."""
    return data[:2] + b"\xff" * count + data[2:]


def with_segments(data: bytes, count: int) -> bytes:
    """A JPEG with empty application segments."""
    return data[:2] + b"\xff\xe5\x00\x02" * count + data[2:]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG file, with chunks of one's own before the pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [chunk(b"IHDR", header), extra, chunk(b"IDAT", zlib.compress(rows, 1)), chunk(b"IEND", b"")]
    return PNG + b"".join(parts)


def rle_bmp(width: int, height: int, codes: bytes) -> bytes:
    """A BMP file of 256 colours, compressed by run lengths."""
    palette = b"".join(bytes((shade, 255 - shade, 0, 0)) for shade in range(256))
    offset = 14 + 40 + len(palette)
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(codes), 2835, 2835, 256, 0)
    return b"BM" + struct.pack("<IHHI", offset + len(codes), 0, 0, offset) + head + palette + codes
