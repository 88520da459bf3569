"""Extracting faces from photos by the detection service: a photo goes there once, crops come back."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.remote.client import ModelServiceClient
from adapters.remote.models import count_of, faces_of, tensor_of
from adapters.remote.protocol import Tensor, bytes_tensor
from application.ports.extraction import ExtractedFace, ExtractedPhoto, ExtractionOptions, FaceExtractor
from application.ports.liveness import View, ViewScorer
from domain.errors import ModelNotInstalled
from domain.liveness.capture import Capture, CaptureLimits
from domain.liveness.detection import SpoofExamination, pooled
from domain.models import ModelIdentity
from domain.quality import Measure, QualityReport

CROP = (112, 112, 3)
CAPTURE = ("chroma", "colour_variation", "region", "surroundings")
"""The order of Capture's measures in the output `captures`."""
MEASURES = [measure for measure in Measure if measure is not Measure.EMBEDDING_NORM]
"""The order of quality measures in the output `quality`."""


@dataclass(frozen=True, slots=True, eq=False)
class RemoteExtractor(FaceExtractor):
    """Sends files to the detection service, and examines faces for attacks in the small pictures that it cuts."""

    client: ModelServiceClient
    identity: Callable[[str], ModelIdentity]
    """Of a model by name."""
    takes_files: Callable[[str], bool]
    """Whether the service takes photos for a detector by name, see RemoteModelLibrary.detects_in_files."""
    here: FaceExtractor
    """What does the work where it doesn't."""
    scorers: Callable[[], Sequence[ViewScorer]]
    """The anti-spoofing models, wherever they run."""
    limits: CaptureLimits

    @override
    def extract(self, data: bytes, options: ExtractionOptions) -> ExtractedPhoto:
        if not self.takes_files(options.detection):
            return self.here.extract(data, options)
        scorers, missing = self._scorers() if options.examined else ((), None)
        views = [view for scorer in scorers for view in scorer.views]
        inputs = {"file": bytes_tensor(data)}
        if options.examined:
            sizes = [[view.surroundings, view.width, view.height] for view in views]
            inputs["views"] = np.array(sizes, dtype=np.float64).reshape(-1, 3)
        parameters = {
            "selection": options.selection.value,
            "lone": options.lone,
            "min_face": options.min_face,
            "max_faces": options.max_faces,
            "alignment": options.alignment.value if options.alignment else None,
        }
        answer, found = self.client.infer(self.identity(options.detection), inputs, parameters)
        detected = faces_of(found)
        count = len(detected)
        if missing is not None and detected:
            raise missing
        crops, quality, placed = _aligned(found, count, options)
        examinations = self._examine(found, views, scorers, count) if options.examined else [None] * count
        return ExtractedPhoto(
            tuple(
                ExtractedFace(*face)
                for face in zip(detected, placed, crops, quality, examinations, strict=True)
            ),
            *(count_of(answer.parameters, name) for name in ("left_out", "height", "width", "reduction")),
        )

    def _scorers(self) -> tuple[Sequence[ViewScorer], ModelNotInstalled | None]:
        """The anti-spoofing models; that there is none matters only where there is a face."""
        try:
            return self.scorers(), None
        except ModelNotInstalled as error:
            return (), error

    def _examine(
        self, found: dict[str, Tensor], views: Sequence[View], scorers: Sequence[ViewScorer], count: int
    ) -> list[SpoofExamination]:
        captures = tensor_of(found, "captures", np.float64, (count, len(CAPTURE)))
        pictures = [
            tensor_of(found, f"view_{place}", np.uint8, (count, view.height, view.width, 3))
            for place, view in enumerate(views)
        ]
        examinations = []
        for face in range(count):
            capture = Capture(*captures[face].tolist())
            scores, place = [], 0
            for scorer in scorers:
                own = [pictures[place + at][face] for at in range(len(scorer.views))]
                place += len(own)
                scores.append(scorer.score_views(own))
            examinations.append(SpoofExamination(pooled(scores), self.limits.missed(capture)))
        return examinations


def _aligned(
    found: dict[str, Tensor], count: int, options: ExtractionOptions
) -> tuple[Sequence[Tensor | None], Sequence[QualityReport | None], Sequence[NDArray[np.float32] | None]]:
    """Crops, quality and landmarks of each face, as far as they were asked for."""
    nothing: list[None] = [None] * count
    if options.alignment is None:
        return nothing, nothing, nothing
    crops = tensor_of(found, "crops", np.uint8, (count, *CROP))
    measured = tensor_of(found, "quality", np.float64, (count, len(MEASURES)), finite=False)
    reports = [
        QualityReport(
            {measure: value for measure, value in zip(MEASURES, row, strict=True) if not math.isnan(value)}
        )
        for row in measured.tolist()
    ]
    if not options.lone:
        return list(crops), reports, nothing
    placed = tensor_of(found, "placed", np.float32, (count, 5, 2), finite=False)
    return list(crops), reports, [None if np.isnan(points).any() else points for points in placed]
