"""Head motion from five landmarks, by parallax that a flat picture cannot imitate.

Two views of a plane differ by an affine map, as far as the camera is not very near. Eyes and mouth are nearly in one
plane; the tip of the nose is in front of it. When a head turns, the nose moves against the plane of the others
(parallax: Koenderink and van Doorn, "Affine structure from motion", 1991); when a photo of a head is turned, bent out
of the upright, moved, zoomed or sheared, it doesn't.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from domain.faces import Landmarks

_PLANE = (0, 1, 3, 4)
"""Eyes and mouth corners among the landmarks."""
_NOSE = 2
_LEAST_FORESHORTENING = 0.02
"""Smaller values are dominated by landmark error."""


@dataclass(frozen=True, slots=True)
class HeadShape:
    """Landmarks normalised for position, roll and scale: the x axis runs along the eyes, whose distance is 1."""

    points: tuple[float, ...]
    """x, y of right eye, left eye, nose tip, right and left mouth corner, from their mean; 10 numbers."""

    @classmethod
    def of(cls, landmarks: Landmarks) -> Self | None:
        """The shape of landmarks; None where the eyes coincide."""
        points = landmarks.astype(np.float64)
        eyes = points[1] - points[0]
        apart = float(np.hypot(*eyes))
        if not apart > 0:
            return None
        cos, sin = eyes / apart
        upright = (points - points.mean(axis=0)) @ np.array([[cos, -sin], [sin, cos]]) / apart
        return cls(tuple(upright.ravel().tolist()))

    def averaged(self, other: "HeadShape", weight: float) -> "HeadShape":
        """A mean in which the other has this share, 0..1."""
        pairs = zip(self.points, other.points, strict=True)
        return HeadShape(tuple((1 - weight) * mine + weight * theirs for mine, theirs in pairs))

    def array(self) -> NDArray[np.float64]:
        """5 x 2."""
        return np.array(self.points, dtype=np.float64).reshape(5, 2)


@dataclass(frozen=True, slots=True)
class HeadMotion:
    """Change between two head shapes, in inter-eye distances of the first."""

    across: float
    """The parallax of the nose along the eyes: positive towards the picture's right, where the person's left is."""
    along: float
    """The same from eyes to mouth: positive downwards."""
    foreshortening: float
    """The tangent of the angle by which a plane would have to be turned to be as squeezed as the face is."""

    def mirrored(self) -> "HeadMotion":
        """The same head in mirrored pictures."""
        return replace(self, across=-self.across)

    @property
    def parallax(self) -> float:
        """Magnitude of the parallax."""
        return float(np.hypot(self.across, self.along))

    @property
    def solidity(self) -> float:
        """Parallax over foreshortening: about how far the nose stands off; near 0 for flat pictures."""
        return self.parallax / max(self.foreshortening, _LEAST_FORESHORTENING)


def motion(before: HeadShape, after: HeadShape) -> HeadMotion | None:
    """From one shape to another; None where eyes and mouth of one are in a line."""
    old, new = before.array(), after.array()
    back = _affine(new, old)
    there = _affine(old, new)
    if back is None or there is None:
        return None
    across, along = np.append(new[_NOSE], 1) @ back - old[_NOSE]
    least, most = np.sort(np.linalg.svd(there[:2], compute_uv=False))
    ratio = float(least / most)
    return HeadMotion(
        across=float(across),
        along=float(along),
        foreshortening=float(np.sqrt(max(ratio**-2 - 1, 0.0))) if ratio > 0 else np.inf,
    )


def _affine(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """3 x 2, the least-squares map of eyes and mouth; None if they determine none."""
    plane = list(_PLANE)
    matrix, _, rank, _ = np.linalg.lstsq(
        np.column_stack([source[plane], np.ones(len(plane))]), target[plane], rcond=1e-6
    )
    return np.asarray(matrix, dtype=np.float64) if rank == matrix.shape[0] else None
