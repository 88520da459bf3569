"""Registered faces, as clients see them."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.people import Face
from entrypoints.http.envelope import Success


class FaceView(msgspec.Struct):
    """A registered face."""

    id: UUID
    profile_id: UUID
    name: str
    recognition_model: str
    detection_model: str

    @classmethod
    def of(cls, face: Face) -> "FaceView":
        """The client's view."""
        return cls(face.id, face.profile_id, face.name, face.recognition_model, face.detection_model)


class FacesAnswer(Success, kw_only=True):
    """Registered faces, oldest first."""

    data: list[FaceView]
    next: Annotated[
        UUID | UnsetType, Meta(description="There is more: send this as `after` for the next page")
    ] = UNSET


class RegisteredView(msgspec.Struct):
    """The face that was registered."""

    id: UUID
    profile_id: UUID
    name: str


class RegisteredAnswer(Success, kw_only=True):
    """A face was registered."""

    data: RegisteredView
