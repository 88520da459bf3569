"""/api/face: register, list, move, delete."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from msgspec import UNSET

from application.analysis import FaceSelection
from application.enrolment import Enrol, RegisterFace
from application.idempotency import AnswerOnce
from application.people import ManageFaces
from application.ports.faces import FaceFilter
from application.ports.idempotency import Answer
from application.recognition import one_of
from domain import errors
from domain.enrolment import EnrolmentConflict, OnConflict
from domain.people import DEFAULT_COLLECTION, MAX_ID, ProfileId
from entrypoints.http.envelope import Success
from entrypoints.http.openapi.document import refusals
from entrypoints.http.requests.parameters import (
    GALLERY_REFUSALS,
    IMAGE_REFUSALS,
    PAGE,
    SESSION_REFUSALS,
    AfterFace,
    Aliveness,
    Collection,
    DetectionModel,
    FaceOfPath,
    IdempotencyKey,
    Limit,
    LivenessSession,
    OptionalProfile,
    Quality,
    RecognitionModel,
)
from entrypoints.http.requests.photos import AnyRequest, fingerprint, read_source, takes
from entrypoints.http.views.enrolment import (
    FaceAnswer,
    FacesAnswer,
    FaceView,
    RegisteredAnswer,
    RegisteredView,
)

ENROLMENT_REFUSALS = (
    errors.MultipleFaces,
    errors.InvalidName,
    errors.ProfileNotFound,
    EnrolmentConflict,
    errors.KeyReused,
    errors.KeyInProgress,
)
Which = Annotated[
    FaceSelection,
    QueryParameter(
        description="`single`: the one that is plainly the subject; `largest`: the largest, whatever the others"
    ),
]
Doubtful = Annotated[
    OnConflict,
    QueryParameter(description="What to do with a face that resembles somebody else, or not the person"),
]


class FaceController(Controller):
    """Registered faces."""

    path = "/api/face"
    tags = ("faces",)

    @get(summary="List registered faces", responses=refusals(errors.InvalidCollection, errors.InvalidName))
    async def list_faces(
        self,
        manage_faces: NamedDependency[ManageFaces],
        name: FromQuery[str | None] = None,
        profile_id: OptionalProfile = None,
        recognition_model: FromQuery[str | None] = None,
        limit: Limit = PAGE,
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
        "/register",
        status_code=HTTPStatus.OK,
        operation_class=takes("image", embedding=True),
        summary="Register a face",
        responses=refusals(*IMAGE_REFUSALS, *GALLERY_REFUSALS, *SESSION_REFUSALS, *ENROLMENT_REFUSALS),
    )
    async def register(
        self,
        request: AnyRequest,
        register_face: NamedDependency[RegisterFace],
        answer_once: NamedDependency[AnswerOnce],
        name: Annotated[
            str | None, QueryParameter(description="The person; the same name adds a face to the same person")
        ] = None,
        profile_id: Annotated[
            ProfileId | None,
            QueryParameter(ge=1, le=MAX_ID, format="int64", description="Instead of a name"),
        ] = None,
        detection_model: DetectionModel = None,
        recognition_model: RecognitionModel = None,
        faces: Which = FaceSelection.SINGLE,
        on_conflict: Doubtful = OnConflict.WARN,
        collection: Collection = DEFAULT_COLLECTION,
        liveness: Aliveness = None,
        liveness_session: LivenessSession = None,
        quality: Quality = False,
        idempotency_key: IdempotencyKey = None,
    ) -> RegisteredAnswer:
        """Enrols the face in the photo under a person's name. The photo is not kept."""
        if faces is FaceSelection.ALL:
            raise errors.InvalidInput("faces: register takes 'single' or 'largest'")
        person = one_of(name, profile_id)
        source = await read_source(request)
        how = Enrol(
            collection=collection,
            detection_model=detection_model,
            recognition_model=recognition_model,
            selection=faces,
            on_conflict=on_conflict,
            liveness=liveness,
            liveness_session=liveness_session,
        )

        async def enrol() -> Answer:
            registered = await register_face.execute(person, source, how)
            answer = RegisteredAnswer(
                detail="Face registered", data=RegisteredView.of(registered, quality=quality)
            )
            return Answer(HTTPStatus.OK, msgspec.json.encode(answer))

        answer = await answer_once.execute(idempotency_key, fingerprint(request, source), enrol)
        return msgspec.json.decode(answer.body, type=RegisteredAnswer)

    @post(
        "/{face_id:int}/move",
        status_code=HTTPStatus.OK,
        summary="Give a face to another person",
        responses=refusals(errors.FaceNotFound, errors.ProfileNotFound, errors.InvalidCollection),
    )
    async def move_face(
        self,
        manage_faces: NamedDependency[ManageFaces],
        face_id: FaceOfPath,
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
        responses=refusals(errors.FaceNotFound, errors.InvalidCollection),
    )
    async def delete_face(
        self,
        manage_faces: NamedDependency[ManageFaces],
        face_id: FaceOfPath,
        collection: Collection = DEFAULT_COLLECTION,
    ) -> Success:
        """Deletes a registered face for good, and its person with their last face."""
        await manage_faces.delete(collection, face_id)
        return Success(detail="Face embedding deleted")
