"""All that is stored about a person."""

from base64 import b64encode
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.ports.archive import ArchivedFace
from application.right_of_access import StoredAboutPerson
from entrypoints.http.envelope import Success
from entrypoints.http.views.numbers import Id, NextId


class StoredFaceView(msgspec.Struct):
    """All that is stored of a face."""

    id: Id
    created_at: datetime
    recognition_model: str
    detection_model: str
    embedding: Annotated[list[float], Meta(description="Unit norm")]
    embedding_norm: Annotated[
        float | UnsetType, Meta(description="Before it was made a unit vector; absent if a client sent it")
    ] = UNSET
    photo_sha256: Annotated[
        str | UnsetType, Meta(description="By which the same photo is known again; absent without a photo")
    ] = UNSET
    crop: Annotated[
        str | UnsetType,
        Meta(description="The stored picture of the face: PNG in Base64; absent if there is none"),
    ] = UNSET

    @classmethod
    def of(cls, stored: ArchivedFace) -> "StoredFaceView":
        face, embedding = stored.face, stored.embedding
        return cls(
            face.id,
            stored.created_at,
            face.recognition_model,
            face.detection_model,
            embedding.vector.tolist(),
            UNSET if embedding.norm is None else embedding.norm,
            UNSET if stored.digest is None else stored.digest.hex(),
            UNSET if stored.crop is None else b64encode(stored.crop).decode(),
        )


class StoredPersonView(msgspec.Struct):
    """All that is stored about a person."""

    id: Id
    collection: str
    name: str
    metadata: dict[str, Any]
    created_at: datetime
    last_matched_on: Annotated[
        date | None, Meta(description="The day (UTC) of the last match, in collections that delete by it")
    ]
    faces: list[StoredFaceView]

    @classmethod
    def of(cls, stored: StoredAboutPerson) -> "StoredPersonView":
        """Show a person with a page of their faces."""
        person = stored.person
        faces = list(map(StoredFaceView.of, stored.faces))
        return cls(
            person.id,
            stored.collection,
            person.name,
            dict(person.metadata),
            person.created_at,
            person.last_matched_on,
            faces,
        )


class StoredPersonAnswer(Success, kw_only=True):
    """All that is stored about a person, or a page of it."""

    data: StoredPersonView
    next: NextId = UNSET
