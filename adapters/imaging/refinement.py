"""Alignment by landmarks that are located a second time, in upright views of the face."""

from dataclasses import replace

import numpy as np
from typing_extensions import override

from adapters.imaging.alignment import SIDE, SimilarityAligner, as_points, to_template, visible_part, warp
from adapters.imaging.similarity import Similarity
from application.ports.analysis import FaceAligner, LandmarkLocator
from application.stages import Stage, timed
from domain.faces import Crop, DetectedFace, Image, Landmarks

_SIDE = 192
"""Pixels of a view."""


def _view(width: float, *, mirrored: bool = False) -> Similarity:
    """From pixels of the aligned crop to pixels of a view, in whose middle the crop is `width` pixels wide."""
    scale = complex(-width / SIDE if mirrored else width / SIDE)
    centred = Similarity(scale, complex(_SIDE / 2, _SIDE / 2), mirrored)
    return centred.after(Similarity(1, -complex(SIDE / 2, SIDE / 2)))


_VIEWS = (_view(88), _view(108, mirrored=True), _view(130))
"""From the widest to the closest.

The errors of a locator depend on its grid's cells, on the scale and on the side. Views of several scales, one of them
mirrored, don't share these errors, so that their mean has smaller ones. Measured in docs/accuracy.md.
"""
_MIRRORED = [1, 0, 2, 4, 3]
"""The order of landmarks in a mirrored face: right and left are exchanged."""


class RefiningAligner(FaceAligner):
    """Locates landmarks again in upright views of the face, at the scales that suit the locator.

    Recognition depends on alignment, to the fraction of a pixel, while a detector must find faces of any size and
    rotation in one pass. Faces without landmarks in the views are aligned by the detector's.
    """

    def __init__(self, locator: LandmarkLocator) -> None:
        self._locator = locator
        self._aligner = SimilarityAligner()

    @override
    def align(self, image: Image, face: DetectedFace) -> Crop:
        return self._aligner.align(image, self.locate(image, face))

    @override
    @timed(Stage.REFINE)
    def locate(self, image: Image, face: DetectedFace) -> DetectedFace:
        return replace(face, landmarks=self._refined(image, face))

    def _refined(self, image: Image, face: DetectedFace) -> Landmarks | None:
        upright = to_template(face)
        views = [view.after(upright) for view in _VIEWS]
        part, to_part = visible_part(image, widest=views[0], closest=views[-1], side=_SIDE)
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
