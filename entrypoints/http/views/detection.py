"""Faces found in photos."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.analysis.analyser import AnalysedFace
from domain.faces import DetectedFace
from domain.models import Execution
from entrypoints.http.envelope import Success
from entrypoints.http.views import Mirror
from entrypoints.http.views.models import Engine, ModelPrecision
from entrypoints.http.views.numbers import LeftOut


class BoxView(Mirror):
    """In pixels of the photo as its EXIF data turn it, also if the face in it lies on a side."""

    x: float
    y: float
    width: float
    height: float


class DetectedView(msgspec.Struct):
    """A face in a photo."""

    box: BoxView
    landmarks: Annotated[
        list[tuple[float, float]] | None,
        Meta(description="(x, y) of the right eye, left eye, nose tip, right and left mouth corner"),
    ]
    score: Annotated[float, Meta(description="The detector's confidence, 0 to 1")]

    @classmethod
    def of(cls, face: DetectedFace) -> "DetectedView":
        landmarks = None if face.landmarks is None else [(float(x), float(y)) for x, y in face.landmarks]
        return cls(BoxView.of(face.box), landmarks, face.score)


class DetectedAnswer(Success, kw_only=True):
    """Faces in a photo, best score first."""

    data: list[DetectedView]


class EmbeddedView(msgspec.Struct, omit_defaults=True):
    """A face in a photo and its embedding."""

    face: DetectedView
    recognition_model: str
    embedding: Annotated[list[float], Meta(description="Unit norm")]
    faces_left_out: LeftOut | UnsetType = UNSET
    engine: Engine | UnsetType = UNSET
    precision: ModelPrecision | UnsetType = UNSET

    @classmethod
    def of(cls, face: AnalysedFace, detected: DetectedFace, execution: Execution | None) -> "EmbeddedView":
        """Show an analysed face, and what has run the recogniser."""
        return cls(
            DetectedView.of(detected),
            face.embedding.model,
            face.embedding.vector.tolist(),
            face.faces_left_out or UNSET,
            UNSET if execution is None else execution.engine,
            UNSET if execution is None else execution.precision,
        )


class EmbeddedAnswer(Success, kw_only=True):
    """Embeddings."""

    data: list[EmbeddedView]
