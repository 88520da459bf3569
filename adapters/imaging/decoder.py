"""Files to pixels, with Pillow.

Pillow's format plugins are called directly, by the file's first bytes: `Image.open` would also try plugins
that nobody asked for, and has limits and warnings of its own that are process-wide state.
"""

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from typing_extensions import override

from adapters.imaging.deadline import TimedFile
from adapters.imaging.exif import orientation
from adapters.imaging.formats import format_of
from application.ports.analysis import ImageDecoder
from domain.errors import ImageTooLarge, InvalidImage
from domain.faces import Image, ScaledImage

_UPRIGHT: dict[int, Callable[[Image], object]] = {
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.rotate(image, cv2.ROTATE_180),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.transpose(cv2.rotate(image, cv2.ROTATE_180)),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""What makes a picture with an EXIF orientation upright; 1 needs nothing."""
_REDUCTIONS = (8, 4, 2)
"""Of the discrete cosine transform's blocks of 8 x 8."""
_STRIP = 1_000_000
"""Pixels that are converted at a time: a large photo as a whole would go through memory several times."""
_WHITE = (255, 255, 255)
_RUN_LENGTHS = frozenset({BmpImageFile.COMPRESSIONS["RLE8"], BmpImageFile.COMPRESSIONS["RLE4"]})
_MOST_RUN_LENGTH_PIXELS = 1_000_000
"""Of a BMP file that Pillow decodes in Python, code by code, where a code stands for any number of pixels."""
_CODES = 3
"""Bytes of such a file for each of its pixels, at most: two say how often a colour is repeated, which may be once."""
_SMALL = 1 << 16
"""Bytes; a file of fewer is always read."""
DECODE_S = 5.0
"""Seconds of a thread's time; the slowest files of 50 megapixels that tools write take less than half."""


class PillowDecoder(ImageDecoder):
    """JPEG, PNG, WebP, AVIF and BMP."""

    def __init__(self, max_pixels: int, seconds: float = DECODE_S) -> None:
        """Bound the pixels of an image, and the time that decoding it takes a thread."""
        self._max_pixels = max_pixels
        self._seconds = seconds

    @override
    def decode(self, data: bytes) -> Image:
        """As the port says.

        Transparent parts become white, unless all of the image is transparent; of a JPEG that holds several pictures
        (MPO) the first is taken.
        """
        return self._decode(data, None).pixels

    @override
    def decode_reduced(self, data: bytes, long_side: int, max_reduction: int = 8) -> ScaledImage:
        """As the port says. A JPEG can be decoded at a half, a quarter or an eighth, in less time.

        A progressive one is decoded whole: nearly all of the time goes into its scans, which would be read anew for
        every size.
        """
        return self._decode(data, long_side, max_reduction)

    def _decode(self, data: bytes, long_side: int | None, max_reduction: int = 1) -> ScaledImage:
        try:
            image, turned, reduction = self._read(data, long_side, max_reduction)
        except (InvalidImage, ImageTooLarge, MemoryError):
            raise
        except Exception as error:  # on hostile bytes the plugins raise a dozen kinds, SyntaxError among them
            raise InvalidImage("The image file is damaged.") from error
        upright = _UPRIGHT.get(turned)
        pixels = image if upright is None else np.asarray(upright(image), dtype=np.uint8)
        return ScaledImage(pixels, reduction)

    def _read(self, data: bytes, long_side: int | None, max_reduction: int) -> tuple[Image, int, int]:
        """Pixels as the file has them, its EXIF orientation, and how many times smaller they are."""
        kind = format_of(data)
        if kind.canvas is not None:
            self._check_size(*kind.canvas(data))
        timed = TimedFile(kind.essential(data), self._seconds, scans=kind.has_scans)
        with kind.opener(timed) as file:
            self._check(file, len(data))
            reduction = 1 if long_side is None else _reduce(file, long_side, max_reduction)
            file.load()
            return _pixels(file), orientation(_exif(file)), reduction

    def _check(self, file: ImageFile, length: int) -> None:
        """Of the header only: no pixel has been decoded yet.

        Raises:
            ImageTooLarge: more pixels than allowed.
            InvalidImage: an animation, or a BMP of too many runs.
        """
        self._check_size(*file.size)
        if getattr(file, "is_animated", False):
            raise InvalidImage("The image is an animation; send a still image.")
        if file.info.get("compression") in _RUN_LENGTHS:
            pixels = file.width * file.height
            if pixels > _MOST_RUN_LENGTH_PIXELS or length > _CODES * pixels + _SMALL:
                raise InvalidImage("The BMP file is compressed and large; send a PNG or JPEG.")

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._max_pixels:
            raise ImageTooLarge(f"The image has more than {self._max_pixels / 1e6:g} megapixels.")


def _reduce(file: ImageFile, long_side: int, max_reduction: int) -> int:
    """Have a JPEG decoded with fewer pixels; the answer is how many times fewer, in each direction."""
    allowed = min(max_reduction, max(file.size) // long_side)
    times = next((times for times in _REDUCTIONS if times <= allowed), 1)
    if times == 1 or not isinstance(file, JpegImageFile) or "progressive" in file.info:
        return 1
    file.draft(None, (max(1, file.width // times), max(1, file.height // times)))
    return int(next(iter(file.decoderconfig), 1))


def _exif(file: ImageFile) -> bytes:
    block = file.info.get("exif", b"")
    return block if isinstance(block, bytes) else b""


def _pixels(picture: Pillow.Image) -> Image:
    width, height = picture.size
    transparent = picture.has_transparency_data and not _is_all_transparent(picture)
    rows = max(1, _STRIP // width)
    if rows >= height:
        return _bgr(picture, transparent=transparent)
    image = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        image[top:bottom] = _bgr(picture.crop((0, top, width, bottom)), transparent=transparent)
    return image


def _is_all_transparent(picture: Pillow.Image) -> bool:
    """Then alpha means nothing, as in BMP files of programs that leave the fourth byte of a pixel alone."""
    return "A" in picture.getbands() and picture.getchannel("A").getextrema() == (0, 0)


def _bgr(picture: Pillow.Image, *, transparent: bool) -> Image:
    if picture.mode.startswith(
        "I"
    ):  # 16-bit grey; of 16-bit colour the plugins keep the high bytes themselves
        picture = Pillow.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
    elif transparent:
        picture = picture.convert("RGBA")
        picture = Pillow.alpha_composite(Pillow.new("RGBA", picture.size, _WHITE), picture).convert("RGB")
    elif picture.mode not in {"L", "RGB"}:
        picture = picture.convert("RGB")
    code = cv2.COLOR_GRAY2BGR if picture.mode == "L" else cv2.COLOR_RGB2BGR
    return np.asarray(cv2.cvtColor(np.asarray(picture), code), dtype=np.uint8)
