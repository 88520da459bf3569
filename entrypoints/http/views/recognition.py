"""Whom faces belong to."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.analysis.analyser import AnalysedFace
from application.decisions import Threshold
from application.recognition import IdentifiedFace
from application.verification import Comparison
from domain.identification import Decision, RankedPerson
from entrypoints.http.envelope import Success
from entrypoints.http.views.checks import (
    CheckedLiveness,
    EvidenceOfSession,
    LivenessView,
    QualityView,
    WantedQuality,
    left_out_of,
    liveness_of,
    quality_of,
    session_of,
)
from entrypoints.http.views.detection import DetectedView
from entrypoints.http.views.numbers import Distance, Fmr, Id, Least, LeftOut, Similarity


class CandidateView(msgspec.Struct):
    """A person who may be meant."""

    profile_id: Id
    name: str
    id: Annotated[Id, Meta(description="Of their nearest face")]
    similarity: Similarity
    distance: Distance

    @classmethod
    def of(cls, person: RankedPerson) -> "CandidateView":
        return cls(
            person.profile_id, person.name, person.nearest.id, person.similarity, 1 - person.similarity
        )


class IdentifiedView(msgspec.Struct, omit_defaults=True):
    """A face in a photo and who it may be."""

    face: DetectedView | None
    verdict: Annotated[
        str, Meta(description="match, unknown or ambiguous; for a face that was refused, the refusal's code")
    ]
    candidates: list[CandidateView]
    threshold: Least | UnsetType = UNSET
    fmr: Fmr | UnsetType = UNSET
    searched: Annotated[int | UnsetType, Meta(description="The number of people that were compared")] = UNSET
    liveness: CheckedLiveness = UNSET
    quality: WantedQuality = UNSET
    faces_left_out: LeftOut | UnsetType = UNSET

    @classmethod
    def of(cls, identified: IdentifiedFace, top_k: int, *, quality: bool) -> "IdentifiedView":
        face, decision = identified.face, identified.decision
        view = cls(
            None if face.detected is None else DetectedView.of(face.detected),
            face.refusal.code if face.refusal else "",
            [],
            liveness=liveness_of(face),
            quality=quality_of(face, wanted=quality),
            faces_left_out=left_out_of(face),
        )
        if decision is not None:
            view.verdict = decision.verdict
            view.candidates = candidates(decision, top_k)
            view.threshold, view.fmr, view.searched = decision.threshold, decision.fmr, decision.searched
        return view


def candidates(decision: Decision, top_k: int) -> list[CandidateView]:
    """The best people."""
    return [CandidateView.of(person) for person in decision.people[:top_k]]


class IdentifiedAnswer(Success, kw_only=True):
    """Faces and who they may be."""

    data: list[IdentifiedView]


class RecognizedView(msgspec.Struct, omit_defaults=True):
    """The person who was recognised."""

    id: Annotated[Id, Meta(description="Of their nearest face")]
    profile_id: Id
    name: str
    distance: Distance
    similarity: Similarity | UnsetType = UNSET
    threshold: Least | UnsetType = UNSET
    fmr: Fmr | UnsetType = UNSET
    candidates: Annotated[list[CandidateView] | UnsetType, Meta(description="With top_k")] = UNSET
    liveness: CheckedLiveness = UNSET
    quality: WantedQuality = UNSET
    faces_left_out: LeftOut | UnsetType = UNSET
    liveness_session: EvidenceOfSession = UNSET

    @classmethod
    def of(
        cls, face: AnalysedFace, decision: Decision, top_k: int | None, *, quality: bool
    ) -> "RecognizedView":
        best = decision.people[0]
        view = cls(best.nearest.id, best.profile_id, best.name, 1 - best.similarity)
        view.liveness, view.quality = liveness_of(face), quality_of(face, wanted=quality)
        view.faces_left_out = left_out_of(face)
        view.liveness_session = session_of(face)
        if top_k is not None:
            view.similarity, view.threshold, view.fmr = best.similarity, decision.threshold, decision.fmr
            view.candidates = candidates(decision, top_k)
        return view


class RecognizedAnswer(Success, kw_only=True):
    """The person was recognised; with faces=all, every face and who it may be."""

    data: RecognizedView | list[IdentifiedView]


class VerifiedView(msgspec.Struct, omit_defaults=True):
    """Whether it is the same person."""

    verdict: Annotated[str, Meta(description="match or no_match")]
    similarity: Similarity
    distance: Distance
    threshold: Least
    fmr: Fmr
    liveness: Annotated[
        list[LivenessView] | UnsetType, Meta(description="Of each photo, if it was checked")
    ] = UNSET
    quality: Annotated[list[QualityView] | UnsetType, Meta(description="Likewise, with quality=true")] = UNSET
    liveness_session: EvidenceOfSession = UNSET

    @classmethod
    def of(cls, comparison: Comparison, *, quality: bool) -> "VerifiedView":
        liveness = [LivenessView.of(face.liveness) for face in comparison.faces if face.liveness]
        quality_views = [
            QualityView.of(face.quality) for face in comparison.faces if quality and face.quality
        ]
        threshold: Threshold = comparison.threshold
        return cls(
            "match" if comparison.match else "no_match",
            comparison.similarity,
            1 - comparison.similarity,
            threshold.similarity,
            threshold.fmr,
            liveness or UNSET,
            quality_views or UNSET,
            session_of(comparison.faces[0]),
        )


class VerifiedAnswer(Success, kw_only=True):
    """Two faces were compared."""

    data: VerifiedView
