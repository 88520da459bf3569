"""The detector `yunet`."""

from collections.abc import Iterator

from typing_extensions import override

from adapters.onnx.detectors.resizing import scaled
from adapters.onnx.detectors.tiles import detect_small_faces, new_faces
from adapters.onnx.detectors.yunet.cut_faces import recover_cut_faces
from adapters.onnx.detectors.yunet.network import YuNetNetwork, as_batch, padded
from adapters.onnx.detectors.yunet.quick_pass import glimpse
from adapters.onnx.detectors.yunet.rotation import ROTATIONS, rotated, rotated_back
from adapters.onnx.detectors.yunet.tilted_faces import redetect_tilted_faces
from application.ports.analysis import FaceDetector
from domain.faces import DetectedFace, Image, largest

_LONG_SIDE = 640
"""Pixels of the first pass. Measured on lfw-dev: every face 28 to 430 pixels wide scores above 0.9."""
_QUICK_SIDE = 320
"""Pixels of a pass before it, at a quarter of its time, when only the largest face is asked for ..."""
_LARGE = 0.2
"""... and minimum size of a face that is taken from that pass, as a share of the long side: 64 pixels. Measured in
docs/decisions/0004-inference-engines.md."""
_FALLBACK_SIDES = (256, 1280)
"""For images without a face in the first pass: faces that fill them (or tiny images), then tiny faces."""
_TILE_SIDE = 768
"""Pixels of a tile in which small faces are detected; larger ones take more time per pixel."""
_FILLING = 0.5
"""Minimum size of a face that the pass of 256 pixels adds to the first pass, as a share of the long side."""
_ROTATED_SIDE = 320
"""Pixels of the last pass, in which an image without an upright face is rotated by 90, 180 and 270 degrees."""
_ROTATED_THRESHOLD = 0.85
"""Minimum score in that pass. Measured in docs/quality.md."""
_OVERLAP = 0.45
_UNCERTAIN = 0.3
"""Minimum score of a face at the border of the image that is checked again."""


class YuNetDetector(FaceDetector):
    """Detects faces with YuNet. Scores of real faces lie mostly above 0.85."""

    def __init__(self, network: YuNetNetwork, name: str = "yunet", threshold: float = 0.7) -> None:
        self._network = network
        self._name = name
        self._threshold = threshold

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        faces: list[DetectedFace] = []
        uncertain: list[DetectedFace] = []
        long_side, side = max(image.shape[:2]), 0
        for side, min_size in _passes(long_side, quick=largest_only):
            detected = self._detect_at(image, side)
            faces = [face for face in detected if face.score >= self._threshold]
            uncertain = [face for face in detected if face.score < self._threshold]
            if any(face.box.longer >= min_size for face in faces):
                break
        cut = recover_cut_faces(self._network, image, uncertain, faces)
        if not faces and not cut:
            side = min(long_side, _ROTATED_SIDE)
            faces = self._detect_rotated(image, side)
        if largest_only and faces:
            faces = [largest(faces, image)]
        faces = redetect_tilted_faces(self._network, image, faces, side / long_side) + cut
        if min_face is not None:
            faces += self._detect_missed(image, faces, min_face)
        return sorted(faces, key=lambda face: -face.score)

    @override
    def glimpse(self, image: Image) -> DetectedFace | None:
        return glimpse(self._network, image)

    def _detect_missed(self, image: Image, known: list[DetectedFace], min_face: float) -> list[DetectedFace]:
        """Faces that are too large or too small for the first pass, if that found others."""
        long_side = max(image.shape[:2])
        filling = [
            face
            for face in self._detect_sure(image, _FALLBACK_SIDES[0])
            if face.box.longer > _FILLING * long_side
        ]
        found = new_faces(filling, known)
        small = detect_small_faces(
            image,
            lambda tile, scale: self._detect_sure(tile, round(scale * max(tile.shape[:2]))),
            min_face,
            min(1.0, _LONG_SIDE / long_side),
            (_TILE_SIDE, _TILE_SIDE),
        )
        for scale in sorted({scale for _, scale in small}):
            new = new_faces([face for face, at in small if at == scale], known + found)
            found += redetect_tilted_faces(self._network, image, new, scale)
        return found

    def _detect_rotated(self, image: Image, long_side: int) -> list[DetectedFace]:
        """The faces of a rotated image, in its own coordinates: those of the rotation with the best score."""
        best: list[DetectedFace] = []
        for times in ROTATIONS:
            detected = self._detect_at(rotated(image, times), long_side)
            faces = [face for face in detected if face.score >= max(_ROTATED_THRESHOLD, self._threshold)]
            if faces and (not best or faces[0].score > best[0].score):
                best = [rotated_back(face, times, image) for face in faces]
        return best

    def _detect_sure(self, image: Image, long_side: int) -> list[DetectedFace]:
        return [face for face in self._detect_at(image, long_side) if face.score >= self._threshold]

    def _detect_at(self, image: Image, long_side: int) -> list[DetectedFace]:
        """Faces and uncertain faces, best score first."""
        picture = scaled(image, long_side / max(image.shape[:2]))
        (detections,) = self._network.infer(as_batch([padded(picture)]), min(_UNCERTAIN, self._threshold))
        return detections.suppress_overlapping(_OVERLAP).to_faces(
            picture.shape[1] / image.shape[1], picture.shape[0] / image.shape[0]
        )


def _passes(long_side: int, *, quick: bool) -> Iterator[tuple[int, float]]:
    """Long sides to try, in order, and the minimum size of a face that makes further ones unnecessary.

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
