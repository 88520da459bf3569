"""Alignment with landmarks that are looked up a second time, in the face enlarged."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from adapters.imaging.alignment import SIDE, Matrix, SimilarityAligner, inverse, place, warp
from application.ports.analysis import LandmarkLocator
from domain.faces import Crop, DetectedFace, Image, Landmarks

_SIDE = 192
"""Pixels of a view."""
_VIEWS = ((88, False), (108, True), (130, False))
"""What each view shows: the width of the aligned crop in it, in pixels, and whether it is mirrored.

A locator errs with its grid's cells, with the scale and to one side. Views of several scales, one of them
mirrored, don't share these errors, so that their mean has less. Measured in docs/accuracy.md.
"""
_MIRRORED = [1, 0, 2, 4, 3]
"""The order of landmarks in a mirrored face: right and left change places."""


class RefiningAligner:
    """Implements FaceAligner: upright views of the face, as large as the locator sees best, tell where it is.

    Recognition depends on alignment, to the fraction of a pixel, more than on anything else here, while a
    detector must find faces of any size and turn at once. Faces that the locator doesn't see are aligned by what
    the detector said.
    """

    def __init__(self, locator: LandmarkLocator) -> None:
        self._locator = locator
        self._aligner = SimilarityAligner()

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """See FaceAligner."""
        return self._aligner.align(image, replace(face, landmarks=self.refined(image, face)))

    def refined(self, image: Image, face: DetectedFace) -> Landmarks | None:
        """The face's landmarks in pixels of the image; what the detector said where the locator sees none."""
        upright = place(face)
        views = [_view(upright, width, mirrored=mirrored) for width, mirrored in _VIEWS]
        located = self._locator.locate([warp(image, view, _SIDE) for view in views])
        estimates = [
            _to_image(landmarks, view, mirrored=mirrored)
            for landmarks, view, (_, mirrored) in zip(located, views, _VIEWS, strict=True)
            if landmarks is not None
        ]
        return np.mean(estimates, axis=0, dtype=np.float32) if estimates else face.landmarks


def _view(upright: Matrix, width: float, *, mirrored: bool) -> Matrix:
    """From pixels of the image to pixels of a view, in whose middle the aligned crop is `width` pixels wide."""
    scale = width / SIDE
    across = -scale if mirrored else scale
    middle, centre = _SIDE / 2, SIDE / 2
    to_view = np.array([[across, 0, middle - across * centre], [0, scale, middle - scale * centre]])
    view: Matrix = to_view @ np.vstack([upright, [0, 0, 1]])
    return view


def _to_image(landmarks: Landmarks, view: Matrix, *, mirrored: bool) -> NDArray[np.float64]:
    back = inverse(view)
    points: NDArray[np.float64] = landmarks @ back[:, :2].T + back[:, 2]
    return points[_MIRRORED] if mirrored else points
