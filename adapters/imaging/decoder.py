"""Decoding image files, with Pillow.

Its format plugins are called directly: `Image.open` would also try plugins of other formats, and has limits and
warnings of its own, which are process-wide state.
"""

from collections.abc import Callable
from concurrent.futures import CancelledError

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from typing_extensions import override

from adapters.imaging.deadline import START_OF_SCAN, TimedFile
from adapters.imaging.exif import orientation
from adapters.imaging.formats import Format, format_of
from adapters.imaging.jpeg import Frame
from application.ports.analysis import ImageDecoder
from application.ports.effort import checkpoint
from application.stages import Stage, timed
from domain.errors import ImageTooLarge, InvalidImage
from domain.faces import Image, ScaledImage

# It would write to the log what it finds wrong with clients' files.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

_UPRIGHT: dict[int, Callable[[Image], object]] = {
    2: lambda image: cv2.flip(image, 1),
    3: lambda image: cv2.rotate(image, cv2.ROTATE_180),
    4: lambda image: cv2.flip(image, 0),
    5: cv2.transpose,
    6: lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    7: lambda image: cv2.transpose(cv2.rotate(image, cv2.ROTATE_180)),
    8: lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
"""What turns an image upright, by its EXIF orientation; 1 is upright."""
_REDUCTIONS = (8, 4, 2)
"""Factors by which a JPEG, whose blocks are 8 x 8 pixels, can be decoded smaller."""
_AT_ONCE = 4_000_000
"""Pixels of a plain JPEG that is decoded without checkpoints, in 25 ms at most. Pillow's reader of the file takes as
long as the decoder does for 250 x 250 pixels."""
_STRIP = 1_000_000
"""Pixels that are converted at a time: the copies of a whole large photo would take much memory."""
_WHITE = (255, 255, 255)
_RUN_LENGTHS = frozenset({BmpImageFile.COMPRESSIONS["RLE8"], BmpImageFile.COMPRESSIONS["RLE4"]})
_MAX_RUN_LENGTH_PIXELS = 1_000_000
"""Of a run-length encoded BMP file."""
_MAX_RUN_LENGTH_BYTES = 3
"""Per pixel of such a file: a code of two bytes may stand for a single pixel."""
_SCAN_S = 1.2e-9
"""Processor time of decoding a pixel of a progressive JPEG in one scan; see Format.pixel_s."""
_USUAL_SCANS = 10
_SMALL = 1 << 16
"""Bytes; smaller files are always decoded."""
_MAX_SIDE = 65_535
"""Pixels: all that a JPEG can have. A PNG of a few kB may be a line of 50 million, and faces are looked for in one
part of it after the other."""
DECODE_S = 5.0
"""Seconds of processor time; the slowest files of 50 megapixels that tools write take less than half."""


class PillowDecoder(ImageDecoder):
    """JPEG, PNG, WebP, AVIF and BMP."""

    def __init__(self, max_pixels: int, seconds: float = DECODE_S) -> None:
        """Bound the pixels of an image, and the processor time that decoding it takes."""
        self._max_pixels = max_pixels
        self._seconds = seconds

    @override
    @timed(Stage.DECODE)
    def decode(self, data: bytes) -> Image:
        """One still image, upright, H x W x 3 uint8 BGR.

        Transparent parts become white, unless the whole image is transparent. Of a JPEG that holds several pictures
        (MPO) it is the first.
        """
        return self._decode(data, None).pixels

    @override
    @timed(Stage.DECODE)
    def decode_reduced(self, data: bytes, long_side: int, max_reduction: int = 8) -> ScaledImage:
        """Decode a JPEG at a half, a quarter or an eighth of its size, in less time; other images whole.

        A progressive JPEG is decoded whole as well: nearly all of the time goes into its scans, whatever the size.
        """
        return self._decode(data, long_side, max_reduction)

    def _decode(self, data: bytes, long_side: int | None, max_reduction: int = 1) -> ScaledImage:
        try:
            image, turned, reduction = self._read(data, long_side, max_reduction)
        except (InvalidImage, ImageTooLarge, MemoryError, CancelledError):
            raise
        except Exception as error:  # on hostile bytes the plugins raise a dozen kinds, SyntaxError among them
            raise InvalidImage("The image file is damaged.") from error
        upright = _UPRIGHT.get(turned)
        pixels = image if upright is None else np.asarray(upright(image), dtype=np.uint8)
        return ScaledImage(pixels, reduction)

    def _read(self, data: bytes, long_side: int | None, max_reduction: int) -> tuple[Image, int, int]:
        """Pixels as the file has them, its EXIF orientation, and the factor by which they are reduced."""
        kind = format_of(data)
        if kind.pixels is not None:
            self._check_pixels(kind.pixels(data))
        files = kind.possible(kind.essential(data))
        seconds = self._seconds / len(files)
        image, *others = (self._load(kind, file, seconds, long_side, max_reduction) for file in files)
        if not all(np.array_equal(image[0], other[0]) for other in others):
            raise InvalidImage("The image file is damaged.")
        return image

    def _load(
        self, kind: Format, data: bytes, seconds: float, long_side: int | None, max_reduction: int
    ) -> tuple[Image, int, int]:
        """See `_read`; `data` is one of the files that may be meant."""
        frame = kind.plain_frame(data)
        if frame is not None and frame.width * frame.height <= _AT_ONCE:
            self._check_pixels(frame.width * frame.height)
            checkpoint()
            return _decoded_at_once(data, frame, long_side, max_reduction)
        with kind.opener(TimedFile(data, seconds, scans=kind.has_scans)) as file:
            self._check(file, len(data))
            if file.info.get("compression") in _RUN_LENGTHS:
                return _from_run_lengths(data, file.size), 1, 1
            scans = max(_USUAL_SCANS, data.count(START_OF_SCAN)) if _is_progressive(file) else 0
            checkpoint(file.width * file.height * max(kind.pixel_s(data), _SCAN_S * scans))
            reduction = 1 if long_side is None else _reduce(file, long_side, max_reduction)
            file.load()
            return _pixels(file), orientation(_exif(file)), reduction

    def _check(self, file: ImageFile, length: int) -> None:
        """Check the header; no pixel has been decoded yet.

        Raises:
            ImageTooLarge: more pixels than allowed, in all or in a line.
            InvalidImage: an animation, or a large run-length encoded BMP.
        """
        self._check_pixels(file.width * file.height)
        if getattr(file, "is_animated", False):
            raise InvalidImage("The image is an animation; send a still image.")
        if file.info.get("compression") in _RUN_LENGTHS:
            pixels = file.width * file.height
            if pixels > _MAX_RUN_LENGTH_PIXELS or length > _MAX_RUN_LENGTH_BYTES * pixels + _SMALL:
                raise InvalidImage("The BMP file is compressed and large; send a PNG or JPEG.")
        if max(file.size) > _MAX_SIDE:
            raise ImageTooLarge(f"The image is wider or higher than {_MAX_SIDE:,} pixels.")

    def _check_pixels(self, pixels: int) -> None:
        if pixels > self._max_pixels:
            raise ImageTooLarge(f"The image has more than {self._max_pixels / 1e6:g} megapixels.")


def _decoded_at_once(
    essential: bytes, frame: Frame, long_side: int | None, max_reduction: int
) -> tuple[Image, int, int]:
    """See PillowDecoder._read."""
    width, height = frame.width, frame.height
    times = 1 if long_side is None else _reduction((width, height), long_side, max_reduction)
    mode = "L" if frame.components == 1 else "RGB"
    picture = Pillow.frombytes(
        mode, (-(-width // times), -(-height // times)), essential, "jpeg", mode, "", times
    )
    return _pixels(picture), orientation(frame.exif), times


def _reduction(size: tuple[int, int], long_side: int, max_reduction: int) -> int:
    """The factor, in each direction, by which a JPEG is decoded smaller."""
    allowed = min(max_reduction, max(size) // long_side, *size)
    return next((times for times in _REDUCTIONS if times <= allowed), 1)


def _reduce(file: ImageFile, long_side: int, max_reduction: int) -> int:
    """Have a JPEG decoded smaller; returns the factor."""
    times = _reduction(file.size, long_side, max_reduction)
    if times == 1 or not isinstance(file, JpegImageFile) or _is_progressive(file):
        return 1
    file.draft(None, (max(1, file.width // times), max(1, file.height // times)))
    return int(next(iter(file.decoderconfig), 1))


def _from_run_lengths(data: bytes, size: tuple[int, int]) -> Image:
    """A run-length encoded BMP, by OpenCV: Pillow decodes it in Python, and keeps others from running for seconds."""
    image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR)
    if image is None or image.shape[1::-1] != size:
        raise InvalidImage("The image file is damaged.")
    return np.asarray(image, dtype=np.uint8)


def _is_progressive(file: ImageFile) -> bool:
    return "progressive" in file.info


def _exif(file: ImageFile) -> bytes:
    block = file.info.get("exif", b"")
    return block if isinstance(block, bytes) else b""


def _pixels(picture: Pillow.Image) -> Image:
    width, height = picture.size
    transparent = picture.has_transparency_data and not _is_all_transparent(picture)
    rows = _STRIP // width
    if rows >= height:
        return _bgr(picture, transparent=transparent)
    image = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        checkpoint()
        image[top:bottom] = _bgr(picture.crop((0, top, width, bottom)), transparent=transparent)
    return image


def _is_all_transparent(picture: Pillow.Image) -> bool:
    """Then alpha is meaningless, as in BMP files of programs that don't set the fourth byte of a pixel."""
    if "A" in picture.getbands():
        return picture.getchannel("A").getextrema() == (0, 0)
    alphas = picture.info.get("transparency")
    if picture.mode != "P" or not isinstance(alphas, bytes):
        return False
    used = [index for index, pixels in enumerate(picture.histogram()) if pixels]
    return all(index < len(alphas) and alphas[index] == 0 for index in used)


def _bgr(picture: Pillow.Image, *, transparent: bool) -> Image:
    if picture.mode.startswith(
        "I"
    ):  # 16-bit grey; of 16-bit colour the plugins themselves keep the high bytes
        picture = Pillow.fromarray((np.asarray(picture).astype(np.uint32) >> 8).astype(np.uint8))
    elif transparent:
        picture = picture.convert("RGBA")
        picture = Pillow.alpha_composite(Pillow.new("RGBA", picture.size, _WHITE), picture).convert("RGB")
    elif picture.mode not in {"L", "RGB"}:
        # A palette's alpha has to be read before it can be left out.
        picture = (picture.convert("RGBA") if picture.has_transparency_data else picture).convert("RGB")
    if picture.mode == "L":
        return np.asarray(cv2.cvtColor(np.asarray(picture), cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    # Pillow has four bytes a pixel, and takes longer to leave one out than OpenCV does.
    pixels = np.frombuffer(picture.tobytes("raw", "RGBX"), np.uint8).reshape(picture.height, picture.width, 4)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGR), dtype=np.uint8)
