"""The detector `yunet`."""

import math
from collections.abc import Iterator

import numpy as np
from typing_extensions import override

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.resizing import scaled
from adapters.onnx.detectors.suspects import FLOOR, Gate, Suspects
from adapters.onnx.detectors.tiles import GATED_STEP, Tile, detect_small_faces, moved, new_faces
from adapters.onnx.detectors.yunet.coarse_pass import detect_coarsely
from adapters.onnx.detectors.yunet.cut_faces import recover_cut_faces
from adapters.onnx.detectors.yunet.network import YuNetNetwork, as_batch, padded
from adapters.onnx.detectors.yunet.rotation import ROTATIONS, rotated, rotated_back
from adapters.onnx.detectors.yunet.tilted_faces import redetect_tilted_faces
from application.ports.analysis import DETECTABLE_FACE, FaceDetector, Look
from domain.faces import DetectedFace, Image, largest

_LONG_SIDE = 640
"""Pixels of the first pass. Measured on lfw-dev: every face 28 to 430 pixels wide scores above 0.9."""
_QUICK_SIDE = 320
"""Pixels of a pass before it, at a quarter of its time, when only the largest face is asked for ..."""
_LARGE = 0.2
"""... and minimum size of a face that is taken from that pass, as a share of the long side: 64 pixels. Measured in
docs/decisions/0004-inference-engines.md."""
_CLOSE_SIDE = 256
"""For images without a face in the first pass: faces that fill them, or tiny images."""
_FAR_SIDE = 1280
"""Small faces are looked for in as many pixels, where there are no others."""
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
        faces, suspects = self._first_look(image, largest_only=largest_only)
        if min_face is None or (not faces and min_face >= _far_face(image)):
            return faces
        if faces:
            picture = scaled(image, _CLOSE_SIDE / max(image.shape[:2]))
            close = self._sure(self._placed(self._infer(picture, _UNCERTAIN), picture, image))
            filling = [face for face in close if face.box.longer > _FILLING * max(image.shape[:2])]
            faces += new_faces(filling, faces)
            suspects = None  # parts of a large face, an ear say, look like faces where they are seen alone
        faces += self._detect_small(image, faces, min_face, suspects)
        return sorted(faces, key=lambda face: -face.score)

    @override
    def look(self, image: Image, *, largest_only: bool = False) -> Look:
        faces, suspects = self._first_look(image, largest_only=largest_only)
        # Without suspects, faces are too small even to be suspected, or there are none.
        complete = suspects is not None and not len(suspects.middles)
        return Look(
            faces,
            lambda finer, min_face: self._detect_small(finer, [], min_face, suspects),
            DETECTABLE_FACE / (GATED_STEP * _whole_scale(image)) if complete else math.inf,
        )

    @override
    def detect_coarsely(self, image: Image) -> DetectedFace | None:
        return detect_coarsely(self._network, image)

    def _first_look(self, image: Image, *, largest_only: bool) -> tuple[list[DetectedFace], Suspects | None]:
        """All but the smallest faces, best score first, and where these may be if that is known."""
        faces: list[DetectedFace] = []
        uncertain: list[DetectedFace] = []
        suspects: Suspects | None = None
        long_side, side = max(image.shape[:2]), 0
        for side, min_size in _passes(long_side, quick=largest_only):
            picture = scaled(image, side / long_side)
            detections = self._infer(picture, FLOOR)
            if side == min(long_side, _LONG_SIDE):
                suspects = Suspects.of(detections, picture)
            detected = self._placed(detections, picture, image)
            faces = self._sure(detected)
            uncertain = [face for face in detected if face.score < self._threshold]
            if any(face.box.longer >= min_size for face in faces):
                break
        cut = recover_cut_faces(self._network, image, uncertain, faces)
        if not faces and not cut:
            small = self._detect_small(image, [], _far_face(image), suspects)
            if small:
                return small, suspects
            side = min(long_side, _ROTATED_SIDE)
            faces = self._detect_rotated(image, side)
        if largest_only and faces:
            faces = [largest(faces, image)]
        faces = redetect_tilted_faces(self._network, image, faces, side / long_side) + cut
        return sorted(faces, key=lambda face: -face.score), suspects

    def _detect_small(
        self, image: Image, known: list[DetectedFace], min_face: float, suspects: Suspects | None
    ) -> list[DetectedFace]:
        """Faces that are too small for the first look, best score first."""
        gate = None if suspects is None else Gate(image, _whole_scale(image), suspects)
        uncertain: list[DetectedFace] = []

        def detect(tile: Tile, scale: float) -> list[DetectedFace]:
            part = tile.of(image)
            picture = scaled(part, scale)
            detections = self._infer(picture, FLOOR)
            if gate is not None:
                gate.note(Suspects.of(detections, picture), tile, scale)
            detected = self._placed(detections, picture, part)
            uncertain.extend(face for face in moved(detected, tile) if face.score < self._threshold)
            return self._sure(detected)

        small = detect_small_faces(
            image,
            detect,
            min_face,
            _whole_scale(image),
            (_TILE_SIDE, _TILE_SIDE),
            None if gate is None else gate.regions,
        )
        found: list[DetectedFace] = []
        for scale in sorted({scale for _, scale in small}):
            new = new_faces([face for face, at in small if at == scale], known + found)
            found += redetect_tilted_faces(self._network, image, new, scale)
        if not known:
            found += recover_cut_faces(self._network, image, uncertain, found)
        return sorted(found, key=lambda face: -face.score)

    def _detect_rotated(self, image: Image, long_side: int) -> list[DetectedFace]:
        """The faces of a rotated image, in its own coordinates: those of the rotation with the best score."""
        best: list[DetectedFace] = []
        picture = scaled(image, long_side / max(image.shape[:2]))
        for times in ROTATIONS:
            turned = rotated(picture, times)
            upright = image if times % 2 == 0 else np.swapaxes(image, 0, 1)
            detected = self._placed(self._infer(turned, _UNCERTAIN), turned, upright)
            faces = [face for face in detected if face.score >= max(_ROTATED_THRESHOLD, self._threshold)]
            if faces and (not best or faces[0].score > best[0].score):
                best = [rotated_back(face, times, image) for face in faces]
        return best

    def _sure(self, detected: list[DetectedFace]) -> list[DetectedFace]:
        return [face for face in detected if face.score >= self._threshold]

    def _infer(self, picture: Image, least: float) -> Detections:
        (detections,) = self._network.infer(as_batch([padded(picture)]), min(least, self._threshold))
        return detections

    def _placed(self, detections: Detections, picture: Image, image: Image) -> list[DetectedFace]:
        """Faces and uncertain faces in pixels of the image, best score first."""
        likely = detections.select(np.flatnonzero(detections.scores >= min(_UNCERTAIN, self._threshold)))
        return likely.suppress_overlapping(_OVERLAP).to_faces(
            picture.shape[1] / image.shape[1], picture.shape[0] / image.shape[0]
        )


def _whole_scale(image: Image) -> float:
    """Pixels of the picture per pixel of the image, in the pass over all of it."""
    return float(min(1.0, _LONG_SIDE / max(image.shape[:2])))


def _far_face(image: Image) -> float:
    """Pixels of the smallest face that is looked for where there are no others."""
    return DETECTABLE_FACE / _FAR_SIDE * float(max(image.shape[:2]))


def _passes(long_side: int, *, quick: bool) -> Iterator[tuple[int, float]]:
    """Long sides to try, in order, and the minimum size of a face that makes further ones unnecessary.

    The first passes never enlarge.
    """
    if quick and long_side > _QUICK_SIDE:
        yield _QUICK_SIDE, _LARGE * long_side
    first = min(long_side, _LONG_SIDE)
    yield first, 0
    if first != _CLOSE_SIDE:
        yield _CLOSE_SIDE, 0
