"""Landmarks for faces of detectors that find none."""

from dataclasses import replace

import numpy as np
from typing_extensions import override

from adapters.onnx.detectors.resizing import scaled
from application.ports.analysis import FaceDetector, FirstPass
from domain.faces import Box, DetectedFace, Image, Landmarks, largest

_REGION = 1.3
"""Side of the square region that the second detector gets, in longer sides of the face's box."""
_SIDE = 320
"""Pixels that the region is scaled to. On lfw-dev the precision of landmarks grows with the face's size up to about
250 pixels: faces of 160, 213 and 246 pixels gave 99.1%, 99.4% and 99.5%."""
_MIN_OVERLAP = 0.3
"""Minimum intersection over union of the two detectors' boxes for the same face."""


class LandmarkedDetector(FaceDetector):
    """Faces of one detector, with the landmarks of another.

    Recognition depends on alignment, and a box alone aligns badly: it says nothing about the head's pose. YuNet is
    always installed, finds landmarks and is fast, so it is run on each face, cut out and scaled to a size that suits
    it. Faces that it doesn't find keep None and are aligned by their boxes.
    """

    def __init__(self, detector: FaceDetector, landmarks_from: FaceDetector) -> None:
        self._detector = detector
        self._landmarks_from = landmarks_from

    @property
    @override
    def name(self) -> str:
        return self._detector.name

    @override
    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        faces = self._detector.detect(image, largest_only=largest_only, min_face=min_face)
        if largest_only and faces:
            faces = [largest(faces, image)]
        return self._with_landmarks(image, faces)

    @override
    def detect_first(self, image: Image, *, largest_only: bool = False) -> FirstPass:
        first = self._detector.detect_first(image, largest_only=largest_only)
        faces = [largest(first.faces, image)] if largest_only and first.faces else first.faces

        def closer(finer: Image, min_face: float) -> list[DetectedFace]:
            return self._with_landmarks(finer, first.closer(finer, min_face))

        return FirstPass(self._with_landmarks(image, faces), closer, first.complete_from)

    @override
    def detect_coarsely(self, image: Image) -> DetectedFace | None:
        return None

    def _with_landmarks(self, image: Image, faces: list[DetectedFace]) -> list[DetectedFace]:
        return [
            face if face.landmarks is not None else replace(face, landmarks=self._landmarks(image, face.box))
            for face in faces
        ]

    def _landmarks(self, image: Image, box: Box) -> Landmarks | None:
        half = box.longer * _REGION / 2
        x, y = box.x + box.width / 2, box.y + box.height / 2
        left, right = np.clip([x - half, x + half], 0, image.shape[1]).round().astype(int).tolist()
        top, bottom = np.clip([y - half, y + half], 0, image.shape[0]).round().astype(int).tolist()
        region = image[top:bottom, left:right]
        if not region.size:
            return None
        scale = _SIDE / (box.longer * _REGION)
        picture = scaled(region, scale)
        expected = Box((box.x - left) * scale, (box.y - top) * scale, box.width * scale, box.height * scale)
        detected = self._landmarks_from.detect(picture)
        same = max(detected, key=lambda other: other.box.overlap(expected), default=None)
        if same is None or same.landmarks is None or same.box.overlap(expected) < _MIN_OVERLAP:
            return None
        scales = np.array(
            [picture.shape[1] / region.shape[1], picture.shape[0] / region.shape[0]], dtype=np.float32
        )
        return same.landmarks / scales + np.array([left, top], dtype=np.float32)
