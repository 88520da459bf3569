"""Liveness and quality of faces."""

from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.analysis.analyser import AnalysedFace
from domain.liveness.capture import UndeterminedReason
from domain.liveness.detection import Liveness, LivenessVerdict
from domain.liveness.movements import Movement
from domain.liveness.session import SessionEvidence
from domain.quality import QualityReport
from entrypoints.http.envelope import Success
from entrypoints.http.views import Mirror
from entrypoints.http.views.detection import DetectedView


class LivenessView(Mirror):
    """Whether a face is a living person's."""

    live: Annotated[bool, Meta(description="Whether the verdict is live")]
    score: Annotated[float, Meta(description="0 to 1, higher is more likely alive; no probability")]
    threshold: Annotated[float, Meta(description="The least score of a living face")]
    verdict: LivenessVerdict
    reasons: Annotated[
        list[UndeterminedReason],
        Meta(description="Why the verdict is undetermined and the score says nothing; else empty"),
    ]


class FaceLivenessView(LivenessView):
    """A face and whether it is a living person's."""

    face: DetectedView

    @classmethod
    def at(cls, face: DetectedView, liveness: Liveness) -> "FaceLivenessView":
        found = LivenessView.of(liveness)
        return cls(found.live, found.score, found.threshold, found.verdict, found.reasons, face)


class LivenessAnswer(Success, kw_only=True):
    """The liveness of the largest face."""

    data: FaceLivenessView


class QualityView(msgspec.Struct):
    """How good a face is for recognition."""

    score: Annotated[float, Meta(description="0 to 1, combined; compares faces of the same models")]
    measures: Annotated[dict[str, float], Meta(description="What was measured: docs/quality.md")]

    @classmethod
    def of(cls, report: QualityReport) -> "QualityView":
        return cls(report.score, {str(measure): value for measure, value in report.values.items()})


class ReasonView(Mirror):
    """A measure that misses its bound."""

    measure: str
    value: float
    bound: float


CheckedLiveness: TypeAlias = Annotated[LivenessView | UnsetType, Meta(description="If it was checked")]
WantedQuality: TypeAlias = Annotated[QualityView | UnsetType, Meta(description="With quality=true")]


def liveness_of(face: AnalysedFace) -> LivenessView | UnsetType:
    """The liveness of a face, if it was checked."""
    return UNSET if face.liveness is None else LivenessView.of(face.liveness)


class SessionEvidenceView(msgspec.Struct, omit_defaults=True):
    """That the face was in a liveness session, which has been used up by this."""

    similarity: Annotated[float, Meta(description="Of the photo's face and the session's, cosine, -1 to 1")]
    threshold: Annotated[float, Meta(description="The least similarity of the same face")]
    movements: Annotated[list[Movement], Meta(description="What the head did")]
    passive_score: Annotated[
        float | UnsetType, Meta(description="Of anti-spoofing models, 0 to 1, if any looked at the frames")
    ] = UNSET

    @classmethod
    def of(cls, evidence: SessionEvidence) -> "SessionEvidenceView":
        score = UNSET if evidence.passive_score is None else evidence.passive_score
        return cls(evidence.similarity, evidence.threshold, list(evidence.movements), score)


EvidenceOfSession: TypeAlias = Annotated[
    SessionEvidenceView | UnsetType,
    Meta(description="With liveness_session: why the face is taken for alive"),
]


def session_of(face: AnalysedFace) -> SessionEvidenceView | UnsetType:
    """The evidence of the liveness session that the request named, if any."""
    return UNSET if face.session is None else SessionEvidenceView.of(face.session)


def quality_of(face: AnalysedFace, *, wanted: bool) -> QualityView | UnsetType:
    """The quality of a face, if the request wants it."""
    return QualityView.of(face.quality) if wanted and face.quality is not None else UNSET


def left_out_of(face: AnalysedFace) -> int | UnsetType:
    """The number of faces of the photo that the answer does not have, if any."""
    return face.faces_left_out or UNSET
