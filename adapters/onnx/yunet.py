"""The detector `yunet`."""

from collections.abc import Iterator

import cv2
import numpy as np

from adapters.onnx.candidates import suppress
from adapters.onnx.quarter_turns import QUARTERS, turned, turned_back
from adapters.onnx.resizing import scaled
from adapters.onnx.tiles import detect_small, unseen
from adapters.onnx.yunet_border import confirmed
from adapters.onnx.yunet_network import YuNetNetwork, as_batch
from adapters.onnx.yunet_turned import straightened
from domain.faces import DetectedFace, Image, largest

_LONG_SIDE = 640
"""Pixels of the first pass. Measured on lfw-dev: every face 28 to 430 pixels wide scores above 0.9."""
_QUICK_SIDE = 320
"""Pixels of the pass before it, a quarter of its time, when only the largest face is asked for ..."""
_LARGE = 0.2
"""... which is taken from that pass if it is so large a part of the long side: 64 pixels then. Measured in
docs/decisions/0004-inference-engines.md."""
_FALLBACK_SIDES = (256, 1280)
"""For images in which the first pass sees nothing: faces that fill them (or tiny images), then tiny faces."""
_TILE_SIDE = 768
"""Pixels of a tile in which small faces are looked for; more take longer a pixel."""
_FILLS = 0.5
"""The least share of the image's longer side of a face that the pass of 256 pixels adds to the first pass."""
_TURNED_SIDE = 320
"""Pixels of the last pass, in which an image without an upright face is turned by 90, 180 and 270 degrees."""
_TURNED_THRESHOLD = 0.85
"""The least score there. Measured in docs/quality.md."""
_MULTIPLE = 32
"""The network halves its input five times."""
_OVERLAP = 0.45
_DOUBTFUL = 0.3
"""The least score of a face at the border that is looked at again."""


class YuNetDetector:
    """Implements FaceDetector with YuNet. Scores of real faces lie mostly above 0.85."""

    def __init__(self, network: YuNetNetwork, name: str = "yunet", threshold: float = 0.7) -> None:
        self._network = network
        self._name = name
        self._threshold = threshold

    @property
    def name(self) -> str:
        """See FaceDetector."""
        return self._name

    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        """See FaceDetector."""
        sure: list[DetectedFace] = []
        doubtful: list[DetectedFace] = []
        long_side, side = max(image.shape[:2]), 0
        for side, least in _passes(long_side, quick=largest_only):
            seen = self._candidates(image, side)
            sure = [face for face in seen if face.score >= self._threshold]
            doubtful = [face for face in seen if face.score < self._threshold]
            if any(face.box.longer >= least for face in sure):
                break
        cut = confirmed(self._network, image, doubtful, sure)
        if not sure and not cut:
            side = min(long_side, _TURNED_SIDE)
            sure = self._turned(image, side)
        wanted = [largest(sure, image)] if largest_only and sure else sure
        found = straightened(self._network, image, wanted, side / long_side) + cut
        if min_face is not None:
            found += self._missed(image, found, min_face)
        return sorted(found, key=lambda face: -face.score)

    def _missed(self, image: Image, known: list[DetectedFace], min_face: float) -> list[DetectedFace]:
        """Faces that are too large or too small for the first pass, in which others were found."""
        long_side = max(image.shape[:2])
        close = [
            face for face in self._sure(image, _FALLBACK_SIDES[0]) if face.box.longer > _FILLS * long_side
        ]
        found = unseen(close, known)
        small = detect_small(
            image,
            lambda tile, scale: self._sure(tile, round(scale * max(tile.shape[:2]))),
            min_face,
            min(1.0, _LONG_SIDE / long_side),
            (_TILE_SIDE, _TILE_SIDE),
        )
        for scale in sorted({scale for _, scale in small}):
            new = unseen([face for face, at in small if at == scale], known + found)
            found += straightened(self._network, image, new, scale)
        return found

    def _sure(self, image: Image, long_side: int) -> list[DetectedFace]:
        return [face for face in self._candidates(image, long_side) if face.score >= self._threshold]

    def _turned(self, image: Image, long_side: int) -> list[DetectedFace]:
        """The faces of an image that lies on a side or stands on its head, in coordinates of the image.

        All are those of one turn, in which the best face scores most.
        """
        best: list[DetectedFace] = []
        for quarters in QUARTERS:
            seen = self._candidates(turned(image, quarters), long_side)
            sure = [face for face in seen if face.score >= max(_TURNED_THRESHOLD, self._threshold)]
            if sure and (not best or sure[0].score > best[0].score):
                best = [turned_back(face, quarters, image) for face in sure]
        return best

    def _candidates(self, image: Image, long_side: int) -> list[DetectedFace]:
        """Best score first."""
        picture = scaled(image, long_side / max(image.shape[:2]))
        seen = self._network.candidates(as_batch([_padded(picture)]), min(_DOUBTFUL, self._threshold))[0]
        found = suppress(seen, _OVERLAP)
        return found.faces(picture.shape[1] / image.shape[1], picture.shape[0] / image.shape[0])


def _passes(long_side: int, *, quick: bool) -> Iterator[tuple[int, float]]:
    """Long sides to try, in order, and how large a face must be for the last one to be that.

    The first passes never enlarge.
    """
    if quick and long_side > _QUICK_SIDE:
        yield _QUICK_SIDE, _LARGE * long_side
    first = min(long_side, _LONG_SIDE)
    yield first, 0
    close, far = _FALLBACK_SIDES
    if first != close:
        yield close, 0
    if long_side > first:
        yield min(long_side, far), 0


def _padded(image: Image) -> Image:
    """Black below and to the right, up to the next multiples of 32."""
    height, width = image.shape[:2]
    bottom, right = -height % _MULTIPLE, -width % _MULTIPLE
    if not bottom and not right:
        return image
    return np.asarray(cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_CONSTANT), dtype=np.uint8)
