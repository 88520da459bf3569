"""/api/face: register, list, move, delete."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from msgspec import UNSET

from application.enrolment import EnrolFace
from application.idempotency import AnswerOnce
from application.people import ManageFaces
from application.person_reference import one_of
from application.ports.faces import FaceFilter
from domain import errors
from domain.enrolment import EnrolmentConflict
from domain.people import DEFAULT_COLLECTION, MAX_ID, ProfileId
from entrypoints.http.access import own_key
from entrypoints.http.envelope import encoded
from entrypoints.http.openapi.refusals import GALLERY_REFUSALS, IMAGE_REFUSALS, SESSION_REFUSALS, refusals
from entrypoints.http.openapi.request_bodies import either, photo_body
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.requests.parameters import (
    PAGE_SIZE,
    AfterFace,
    Collection,
    FacePathId,
    IdempotencyKey,
    Limit,
    ProfileQueryId,
    RegisterParameters,
    injected,
)
from entrypoints.http.requests.photos import fingerprint, read_source
from entrypoints.http.views.enrolment import (
    FaceAnswer,
    FacesAnswer,
    FaceView,
    RegisteredAnswer,
    RegisteredView,
)
from entrypoints.http.views.erasure import ErasedAnswer, ReceiptView

ENROLMENT_REFUSALS = (
    errors.MultipleFaces,
    errors.InvalidName,
    errors.ProfileNotFound,
    EnrolmentConflict,
    errors.KeyReused,
    errors.KeyInProgress,
)


class FaceController(Controller):
    """Registered faces."""

    path = "/api/face"
    tags = ("faces",)

    @get(
        summary="List registered faces",
        responses=refusals(errors.CollectionNotFound, errors.InvalidCollection, errors.InvalidName),
    )
    async def list_faces(
        self,
        manage_faces: NamedDependency[ManageFaces],
        name: FromQuery[str | None] = None,
        profile_id: ProfileQueryId = None,
        recognition_model: FromQuery[str | None] = None,
        limit: Limit = PAGE_SIZE,
        after: AfterFace = None,
        collection: Collection = DEFAULT_COLLECTION,
    ) -> FacesAnswer:
        """Oldest first; each filter narrows the list. `after` is the `next` of the page before."""
        where = FaceFilter(collection, name, profile_id, recognition_model)
        page = await manage_faces.list(where, limit, after)
        return FacesAnswer(
            detail="Face embeddings retrieved",
            data=[FaceView.of(face) for face in page.items],
            next=page.next or UNSET,
        )

    @post(
        either("/register"),
        status_code=HTTPStatus.OK,
        dependencies=injected(RegisterParameters),
        operation_class=photo_body("image", embedding=True),
        summary="Register a face",
        responses=refusals(*IMAGE_REFUSALS, *GALLERY_REFUSALS, *SESSION_REFUSALS, *ENROLMENT_REFUSALS),
    )
    async def register_face(
        self,
        request: AnyRequest,
        enrol_face: NamedDependency[EnrolFace],
        answer_once: NamedDependency[AnswerOnce],
        parameters: NamedDependency[RegisterParameters],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[RegisteredAnswer]:
        """Enrols the face in the photo under a person's name. The photo is not stored."""
        options = parameters.options()
        source = await read_source(request)
        person = one_of(parameters.name, parameters.profile_id)

        async def enrol() -> bytes:
            registered = await enrol_face.execute(person, source, options)
            view = RegisteredView.of(registered, quality=parameters.quality)
            return msgspec.json.encode(RegisteredAnswer(detail="Face registered", data=view))

        return encoded(
            await answer_once.execute(own_key(request, idempotency_key), fingerprint(request, source), enrol)
        )

    @post(
        "/{face_id:int}/move",
        status_code=HTTPStatus.OK,
        summary="Give a face to another person",
        responses=refusals(
            errors.FaceNotFound, errors.ProfileNotFound, errors.CollectionNotFound, errors.InvalidCollection
        ),
    )
    async def move_face(
        self,
        manage_faces: NamedDependency[ManageFaces],
        face_id: FacePathId,
        profile_id: Annotated[ProfileId, QueryParameter(ge=1, le=MAX_ID, format="int64")],
        collection: Collection = DEFAULT_COLLECTION,
    ) -> FaceAnswer:
        """Corrects a face that was registered for the wrong person, who goes with their last face."""
        face = await manage_faces.move(collection, face_id, profile_id)
        return FaceAnswer(detail="Face moved", data=FaceView.of(face))

    @delete(
        "/{face_id:int}",
        status_code=HTTPStatus.OK,
        summary="Delete a face",
        responses=refusals(errors.FaceNotFound, errors.CollectionNotFound, errors.InvalidCollection),
    )
    async def delete_face(
        self,
        manage_faces: NamedDependency[ManageFaces],
        face_id: FacePathId,
        collection: Collection = DEFAULT_COLLECTION,
    ) -> ErasedAnswer:
        """Deletes a registered face for good, and its person with their last face."""
        receipt = await manage_faces.delete(collection, face_id)
        return ErasedAnswer(detail="Face embedding deleted", receipt=ReceiptView.of(receipt))
