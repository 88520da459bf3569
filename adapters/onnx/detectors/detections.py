"""What a detection network finds in one picture, before and after non-maximum suppression."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from adapters.onnx.session import Tensor
from domain.faces import Box, DetectedFace, Landmarks

_MAX_OFF_CENTRE = 0.35
"""Distance of a central face from the middle of the picture, in longer sides of its box."""


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """K possible faces in one picture (the network's input), in its pixels, in no particular order."""

    scores: Tensor
    """K, 0..1."""
    boxes: Tensor
    """K x 4: x, y of the top left corner, width, height."""
    landmarks: Tensor | None = None
    """K x 5 x 2, in the order of domain.faces.Landmarks; None from networks without landmarks."""

    @classmethod
    def from_corners(cls, scores: Tensor, corners: Tensor, landmarks: Tensor | None = None) -> "Detections":
        """From boxes given as K x 4: x, y of the top left and of the bottom right corner."""
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        return cls(scores, boxes, landmarks)

    def select(self, rows: NDArray[np.intp]) -> "Detections":
        """Those with these indices, in this order."""
        # An array of indices makes numpy give up the interpreter's lock, and wait for it again; a slice doesn't.
        part = slice(int(rows[0]), int(rows[0]) + 1) if len(rows) == 1 else rows
        landmarks = None if self.landmarks is None else self.landmarks[part]
        return Detections(self.scores[part], self.boxes[part], landmarks)

    def placed(self, landmarks: Landmarks) -> "Detections":
        """A single face, with other landmarks."""
        return Detections(self.scores, self.boxes, landmarks[None])

    def suppress_overlapping(self, max_overlap: float) -> "Detections":
        """Non-maximum suppression: best score first; no two overlap by more than `max_overlap` (IoU)."""
        if not len(self.scores):
            return self
        rows = cv2.dnn.NMSBoxes(self.boxes.tolist(), self.scores.tolist(), 0.0, max_overlap)
        return self.select(np.asarray(rows, dtype=np.intp).reshape(-1))

    def central(self, side: int) -> "Detections":
        """Those of the face in the middle of a square picture, as opposed to a neighbour's."""
        sizes = self.boxes[:, 2:]
        off_centre = np.abs(self.boxes[:, :2] + sizes / 2 - side / 2).max(axis=1)
        return self.select(np.flatnonzero(off_centre < _MAX_OFF_CENTRE * sizes.max(axis=1)))

    def to_faces(self, scale_x: float, scale_y: float, left: float = 0, top: float = 0) -> list[DetectedFace]:
        """The faces in pixels of the image from which the picture was made.

        Args:
            scale_x: pixels of the picture per pixel of the image.
            scale_y: likewise, vertically.
            left: where the picture begins in the image, in pixels.
            top: likewise, vertically.
        """
        scale = np.array([scale_x, scale_y, scale_x, scale_y], dtype=np.float32)
        origin = np.array([left, top], dtype=np.float32)
        x_left, y_top = origin.tolist()
        boxes = [
            Box(x + x_left, y + y_top, width, height) for x, y, width, height in (self.boxes / scale).tolist()
        ]
        landmarks = (
            [None] * len(boxes) if self.landmarks is None else list(self.landmarks / scale[:2] + origin)
        )
        return list(map(DetectedFace, boxes, self.scores.tolist(), landmarks))
