"""What detectors' networks say: face candidates, before and after the weaker of overlapping ones are dropped."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from adapters.onnx.session import Tensor
from domain.faces import Box, DetectedFace

_OFF_CENTRE = 0.35
"""How far from the middle of a picture a face in its middle may be, in longer sides of its box."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """K possible faces in one picture, in its pixels, in no particular order."""

    scores: Tensor
    """K, 0..1."""
    boxes: Tensor
    """K x 4: x, y of the top left corner, width, height."""
    landmarks: Tensor | None = None
    """K x 5 x 2, in the order of domain.faces.Landmarks; None from networks that find none."""

    @classmethod
    def from_corners(cls, scores: Tensor, corners: Tensor, landmarks: Tensor | None = None) -> "Candidates":
        """From boxes given as K x 4: x, y of the top left and of the bottom right corner."""
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        return cls(scores, boxes, landmarks)

    def take(self, rows: NDArray[np.intp]) -> "Candidates":
        """Some of them."""
        landmarks = None if self.landmarks is None else self.landmarks[rows]
        return Candidates(self.scores[rows], self.boxes[rows], landmarks)

    def central(self, side: int) -> "Candidates":
        """Those of the face in the middle of a square picture; a neighbour's are farther from there."""
        sizes = self.boxes[:, 2:]
        off_centre = np.abs(self.boxes[:, :2] + sizes / 2 - side / 2).max(axis=1)
        return self.take(np.flatnonzero(off_centre < _OFF_CENTRE * sizes.max(axis=1)))

    def faces(self, scale_x: float, scale_y: float, left: float = 0, top: float = 0) -> list[DetectedFace]:
        """In the pixels of the image that was scaled by these factors to become the picture.

        `left` and `top` are where the picture begins in the image.
        """
        scale = np.array([scale_x, scale_y], dtype=np.float32)
        origin = np.array([left, top], dtype=np.float32)
        boxes = self.boxes / np.tile(scale, 2) + np.concatenate([origin, [0, 0]])
        landmarks = [None] * len(boxes) if self.landmarks is None else list(self.landmarks / scale + origin)
        return [
            DetectedFace(Box(*map(float, box)), float(score), points)
            for box, score, points in zip(boxes, self.scores, landmarks, strict=True)
        ]


def suppress(candidates: Candidates, overlap: float) -> Candidates:
    """Non-maximum suppression: best score first, none covers another by more than `overlap` (IoU)."""
    if not len(candidates.scores):
        return candidates
    kept = cv2.dnn.NMSBoxes(candidates.boxes.tolist(), candidates.scores.tolist(), 0.0, overlap)
    return candidates.take(np.asarray(kept, dtype=np.intp).reshape(-1))
