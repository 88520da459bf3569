"""The format of a file, by its first bytes, and what reads it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from PIL import AvifImagePlugin
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from adapters.imaging.avif import pixels_to_decode
from adapters.imaging.jpeg import Frame, essential_jpeg, plain_frame, possible_files
from adapters.imaging.png import SIGNATURE, bytes_of_pixel, essential_png
from domain.errors import InvalidImage

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # as many photos are decoded side by side as there are workers

_HEVC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AV1 = frozenset({b"avif", b"avis"})
_MAX_BRANDS = 32
"""Compatible brands that are considered; files have about five."""
_PNG_BYTE_S = 3.5e-9
"""Processor time of a byte of a PNG file's unpacked pixels."""


class _Jpeg(JpegImageFile):
    """The first picture of a JPEG or MPO file."""

    def _read_dpi_from_exif(self) -> None:
        """Not needed, and the EXIF reader behind it warns about every flaw."""


@dataclass(frozen=True, slots=True)
class Format:
    """How files of a format are read."""

    opener: Callable[[BytesIO], ImageFile]
    essential: Callable[[bytes], bytes] = bytes
    """The file without the parts that decoding doesn't need; raises InvalidImage."""
    possible: Callable[[bytes], list[bytes]] = lambda essential: [essential]
    """Files that may be meant by one without its end; if they show different pictures, one was cut off."""
    has_scans: bool = False
    """See TimedFile; readers of other formats need all of the bytes that they ask for."""
    plain_frame: Callable[[bytes], Frame | None] = lambda _: None
    """Of the essential file, for files that Pillow's decoder takes without its reader."""
    pixels: Callable[[bytes], int] | None = None
    """Pixels to decode, for formats whose header doesn't bound them before the reader allocates memory."""
    pixel_s: Callable[[bytes], float] = lambda _: 0
    """Processor time of decoding a pixel, by the file's header; 0: too little to matter beforehand."""


def _webp_pixels(data: bytes) -> int:
    """Of the canvas (RFC 9649, 2.7); of simple files, without VP8X, the reader checks the size early enough."""
    if data[12:16] != b"VP8X":
        return 1
    return (1 + int.from_bytes(data[24:27], "little")) * (1 + int.from_bytes(data[27:30], "little"))


_MAGIC = {
    b"\xff\xd8\xff": Format(_Jpeg, essential_jpeg, possible_files, has_scans=True, plain_frame=plain_frame),
    SIGNATURE: Format(PngImageFile, essential_png, pixel_s=lambda data: _PNG_BYTE_S * bytes_of_pixel(data)),
    b"BM": Format(BmpImageFile),
}
_WEBP = Format(WebPImageFile, pixels=_webp_pixels, pixel_s=lambda _: 20e-9)
_AVIF = Format(AvifImageFile, pixels=pixels_to_decode, pixel_s=lambda _: 30e-9)


def format_of(data: bytes) -> Format:
    """The format of a file.

    Raises:
        InvalidImage: not a supported one.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _WEBP
    if data[4:8] == b"ftyp":
        return _of_brands(data)
    for magic, found in _MAGIC.items():
        if data.startswith(magic):
            return found
    raise InvalidImage(
        "The file is not a JPEG, PNG, WebP, AVIF or BMP image." if data else "The image file is empty."
    )


def _of_brands(data: bytes) -> Format:
    """The format of a phone's file: ISO/IEC 23008-12 with pictures in AV1 (AVIF) or in HEVC (HEIC).

    HEIC is refused: the wheels of pillow-heif are under the GPL (x265), those of pi-heif bring another decoder in C,
    under the LGPL, and HEVC is patented.
    """
    end = min(int.from_bytes(data[:4], "big"), 4 * _MAX_BRANDS)
    brands = {data[8:12], *re.findall(rb"(?s).{4}", data[16:end])}
    if brands & _AV1 and AvifImagePlugin.SUPPORTED:
        return _AVIF
    if brands & _HEVC:
        raise InvalidImage(
            "HEIC photos can't be read: send the photo as JPEG. An iPhone takes JPEGs with Settings > Camera >"
            " Formats > Most Compatible."
        )
    raise InvalidImage(
        "The file is not a JPEG, PNG, WebP, AVIF or BMP image, but a film or of another format."
    )
