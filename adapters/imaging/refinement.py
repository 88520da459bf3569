"""Alignment with landmarks that are looked up a second time, in the face enlarged."""

from dataclasses import replace

import numpy as np

from adapters.imaging.alignment import SIDE, SimilarityAligner, as_points, near, place, warp
from adapters.imaging.similarity import Similarity
from application.ports.analysis import LandmarkLocator
from domain.faces import Crop, DetectedFace, Image, Landmarks

_SIDE = 192
"""Pixels of a view."""


def _view(width: float, *, mirrored: bool = False) -> Similarity:
    """From pixels of the aligned crop to pixels of a view, in whose middle it is `width` pixels wide."""
    across = complex(-width / SIDE if mirrored else width / SIDE)
    centred = Similarity(across, complex(_SIDE / 2, _SIDE / 2), mirrored)
    return centred.after(Similarity(1, -complex(SIDE / 2, SIDE / 2)))


_VIEWS = (_view(88), _view(108, mirrored=True), _view(130))
"""The scales, from the widest to the closest, and one of them mirrored.

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
        return self._aligner.align(image, self.locate(image, face))

    def locate(self, image: Image, face: DetectedFace) -> DetectedFace:
        """See FaceAligner."""
        return replace(face, landmarks=self.refined(image, face))

    def refined(self, image: Image, face: DetectedFace) -> Landmarks | None:
        """The face's landmarks in pixels of the image; what the detector said where the locator sees none."""
        upright = place(face)
        views = [view.after(upright) for view in _VIEWS]
        part, to_part = near(image, widest=views[0], closest=views[-1], side=_SIDE)
        from_part = to_part.inverse()
        located = self._locator.locate([warp(part, view.after(from_part), _SIDE) for view in views])
        estimates = [
            _to_image(landmarks, view)
            for landmarks, view in zip(located, views, strict=True)
            if landmarks is not None
        ]
        if not estimates:
            return face.landmarks
        means = [sum(points) / len(points) for points in zip(*estimates, strict=True)]
        return np.array([(point.real, point.imag) for point in means], dtype=np.float32)


def _to_image(landmarks: Landmarks, view: Similarity) -> list[complex]:
    points = list(map(view.inverse(), as_points(landmarks)))
    return [points[n] for n in _MIRRORED] if view.mirrored else points
