"""Files to pixels, with Pillow.

Pillow's format plugins are called directly, by the file's first bytes: `Image.open` would also try plugins
that nobody asked for, and has limits and warnings of its own that are process-wide state.
"""

from collections.abc import Callable
from io import BytesIO

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL.BmpImagePlugin import BmpImageFile
from PIL.Image import Transpose
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from adapters.imaging.exif import orientation
from domain.errors import ImageTooLarge, InvalidImage
from domain.faces import Image


class _Jpeg(JpegImageFile):
    """The first picture of a JPEG or MPO file."""

    def _read_dpi_from_exif(self) -> None:
        """Not of interest, and the EXIF reader behind it warns about every flaw."""


def _opener(data: bytes) -> Callable[[BytesIO], ImageFile] | None:
    """The plugin for a file, by its first bytes."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WebPImageFile
    return next((plugin for magic, plugin in _MAGIC.items() if data.startswith(magic)), None)


_MAGIC: dict[bytes, Callable[[BytesIO], ImageFile]] = {
    b"\xff\xd8\xff": _Jpeg,
    b"\x89PNG\r\n\x1a\n": PngImageFile,
    b"BM": BmpImageFile,
}
_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What makes a picture with an EXIF orientation upright; 1 needs nothing."""
_REDUCTIONS = (8, 4, 2)
"""Of the discrete cosine transform's blocks of 8 x 8."""
_STRIP = 1_000_000
"""Pixels that are copied at a time: a large photo as a whole would go through memory three times."""
_WHITE = (255, 255, 255)


class PillowDecoder:
    """Implements ImageDecoder for JPEG, PNG, WebP and BMP."""

    def __init__(self, max_pixels: int) -> None:
        self._max_pixels = max_pixels

    def decode(self, data: bytes) -> Image:
        """See ImageDecoder.

        Transparent parts become white; of a JPEG that holds several pictures (MPO) the first is taken.
        """
        return self._decode(data, None)[0]

    def decode_reduced(self, data: bytes, long_side: int) -> tuple[Image, int]:
        """See ImageDecoder. A JPEG can be decoded at a half, a quarter or an eighth, in less time."""
        return self._decode(data, long_side)

    def _decode(self, data: bytes, long_side: int | None) -> tuple[Image, int]:
        opener = _opener(data)
        if opener is None:
            raise InvalidImage("The file is not a JPEG, PNG, WebP or BMP image.")
        try:
            with opener(BytesIO(data)) as file:
                self._check(file)
                file.decodermaxblock = len(data)  # all at once: the default is 64 KiB a step
                times = 1 if long_side is None else _reduce(file, long_side)
                picture = _eight_bits(file)
                turn = _UPRIGHT.get(orientation(_exif(file)))
        except (InvalidImage, ImageTooLarge, MemoryError):
            raise
        except Exception as error:  # on hostile bytes the plugins raise a dozen kinds, SyntaxError among them
            raise InvalidImage("The image file is damaged.") from error
        return _pixels(picture if turn is None else picture.transpose(turn)), times

    def _check(self, file: ImageFile) -> None:
        """Of the header only: no pixel has been decoded yet.

        Raises:
            ImageTooLarge: more pixels than allowed.
            InvalidImage: an animation.
        """
        if file.width * file.height > self._max_pixels:
            raise ImageTooLarge(f"The image has more than {self._max_pixels / 1e6:g} megapixels.")
        if getattr(file, "is_animated", False):
            raise InvalidImage("The image is an animation; send a still image.")


def _reduce(file: ImageFile, long_side: int) -> int:
    """Have a JPEG decoded with fewer pixels; the answer is how many times fewer, in each direction."""
    times = next((times for times in _REDUCTIONS if max(file.size) >= times * long_side), 1)
    if times == 1 or not isinstance(file, JpegImageFile):
        return 1
    file.draft(None, (max(1, file.width // times), max(1, file.height // times)))
    return int(next(iter(file.decoderconfig), 1))


def _eight_bits(file: ImageFile) -> Pillow.Image:
    """Decode, to mode L or RGB."""
    file.load()
    if file.mode.startswith("I"):  # 16-bit grey; of 16-bit colour the plugins keep the high bytes themselves
        return Pillow.fromarray((np.asarray(file).astype(np.uint32) >> 8).astype(np.uint8))
    if file.has_transparency_data:
        picture = file.convert("RGBA")
        return Pillow.alpha_composite(Pillow.new("RGBA", picture.size, _WHITE), picture).convert("RGB")
    return file if file.mode in {"L", "RGB"} else file.convert("RGB")


def _exif(file: ImageFile) -> bytes:
    block = file.info.get("exif", b"")
    return block if isinstance(block, bytes) else b""


def _pixels(picture: Pillow.Image) -> Image:
    width, height = picture.size
    rows = max(1, _STRIP // width)
    if rows >= height:
        return _bgr(picture)
    image = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        image[top:bottom] = _bgr(picture.crop((0, top, width, bottom)))
    return image


def _bgr(picture: Pillow.Image) -> Image:
    code = cv2.COLOR_GRAY2BGR if picture.mode == "L" else cv2.COLOR_RGB2BGR
    return np.asarray(cv2.cvtColor(np.asarray(picture), code), dtype=np.uint8)
