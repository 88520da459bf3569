"""Registered faces."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.enrolment import EnrolledFace
from domain.enrolment import FaceConflict
from domain.errors import FaceServiceError
from entrypoints.bootstrap.remedies import explained
from entrypoints.http.envelope import Success
from entrypoints.http.views import Mirror
from entrypoints.http.views.checks import (
    CheckedLiveness,
    EvidenceOfSession,
    WantedQuality,
    left_out_of,
    liveness_of,
    quality_of,
    session_of,
)
from entrypoints.http.views.numbers import Id, Least, LeftOut, NextId, Similarity


class FaceView(Mirror):
    """A registered face."""

    id: Id
    profile_id: Id
    name: str
    recognition_model: str
    detection_model: str


class FaceAnswer(Success, kw_only=True):
    """A registered face."""

    data: FaceView


class FacesAnswer(Success, kw_only=True):
    """Registered faces, oldest first."""

    data: list[FaceView]
    next: NextId = UNSET


class ConflictView(msgspec.Struct):
    """Why a face is doubtful."""

    reason: str
    profile_id: Id
    name: str
    similarity: Similarity
    threshold: Least

    @classmethod
    def of(cls, conflict: FaceConflict) -> "ConflictView":
        return cls(
            conflict.doubt, conflict.profile_id, conflict.name, conflict.similarity, conflict.threshold
        )


class RegisteredView(msgspec.Struct, omit_defaults=True):
    """The face that was registered."""

    id: Id
    profile_id: Id
    name: str
    warnings: Annotated[
        list[ConflictView] | UnsetType, Meta(description="What is doubtful, with on_conflict=warn")
    ] = UNSET
    liveness: CheckedLiveness = UNSET
    quality: WantedQuality = UNSET
    faces_left_out: LeftOut | UnsetType = UNSET
    liveness_session: EvidenceOfSession = UNSET

    @classmethod
    def of(cls, registered: EnrolledFace, *, quality: bool = False) -> "RegisteredView":
        face, conflicts = registered.face, registered.conflicts
        warnings = [ConflictView.of(conflict) for conflict in conflicts]
        return cls(
            face.id,
            face.profile_id,
            face.name,
            warnings or UNSET,
            liveness_of(registered.analysed),
            quality_of(registered.analysed, wanted=quality),
            left_out_of(registered.analysed),
            session_of(registered.analysed),
        )


class RegisteredAnswer(Success, kw_only=True):
    """A face was registered."""

    data: RegisteredView


class BatchFailure(msgspec.Struct):
    """Why a photo of a batch was refused."""

    code: str
    detail: str


class BatchView(msgspec.Struct):
    """What became of one photo of a batch."""

    index: int
    name: str
    face: RegisteredView | UnsetType = UNSET
    error: BatchFailure | UnsetType = UNSET

    @classmethod
    def of(
        cls, index: int, name: str, result: EnrolledFace | FaceServiceError, *, quality: bool
    ) -> "BatchView":
        if isinstance(result, EnrolledFace):
            return cls(index, name, face=RegisteredView.of(result, quality=quality))
        return cls(index, name, error=BatchFailure(result.code, explained(result)))


class BatchAnswer(Success, kw_only=True):
    """What became of a batch, in its order."""

    data: list[BatchView]
