"""/api/face: register, recognize, list, delete."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET

from application.analysis import FaceSelection
from application.gallery import DeleteFace, ListFaces, RecognizeFace, RegisterFace
from application.ports.repository import FaceFilter
from domain import errors
from entrypoints.http.envelope import Success
from entrypoints.http.openapi import refusals
from entrypoints.http.upload import AnyRequest, read_source, takes
from entrypoints.http.views.enrolment import FacesAnswer, FaceView, RegisteredAnswer, RegisteredView
from entrypoints.http.views.recognition import RecognizedAnswer, RecognizedView

PAGE = 1000

ModelName = Annotated[
    str | None, QueryParameter(description="A model's name; the configured default if absent")
]
IMAGE_REFUSALS = (
    errors.InvalidImage,
    errors.ImageTooLarge,
    errors.NoFaceDetected,
    errors.UnknownModel,
    errors.InvalidEmbedding,
    errors.ModelNotInstalled,
    errors.ModelNotCalibrated,
    errors.BrokenModel,
    errors.Busy,
)


class FaceController(Controller):
    """Faces of people."""

    path = "/api/face"
    tags = ("faces",)

    @get(summary="List registered faces", responses=refusals())
    async def list_faces(
        self,
        list_faces: NamedDependency[ListFaces],
        name: FromQuery[str | None] = None,
        profile_id: FromQuery[UUID | None] = None,
        recognition_model: FromQuery[str | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE, description="Faces a page")] = PAGE,
        after: Annotated[UUID | None, QueryParameter(description="`next` of the page before")] = None,
    ) -> FacesAnswer:
        """Oldest first; each filter narrows the list."""
        page = await list_faces.execute(FaceFilter(name, profile_id, recognition_model), limit, after)
        return FacesAnswer(
            detail="Face embeddings retrieved",
            data=[FaceView.of(face) for face in page.faces],
            next=page.next or UNSET,
        )

    @post(
        "/register",
        status_code=HTTPStatus.OK,
        operation_class=takes("image", embedding=True),
        summary="Register a face",
        responses=refusals(*IMAGE_REFUSALS, errors.MultipleFaces, errors.InvalidName),
    )
    async def register(
        self,
        request: AnyRequest,
        register_face: NamedDependency[RegisterFace],
        name: Annotated[
            str, QueryParameter(description="The person; the same name adds a face to the same person")
        ],
        detection_model: ModelName = None,
        recognition_model: ModelName = None,
        faces: Annotated[
            FaceSelection,
            QueryParameter(description="`single`: the photo shows one face; `largest`: take the largest"),
        ] = FaceSelection.SINGLE,
    ) -> RegisteredAnswer:
        """Enrols the face in the photo under a person's name. The photo is not kept."""
        if faces is FaceSelection.ALL:
            raise errors.InvalidInput("faces: register takes 'single' or 'largest'")
        face = await register_face.execute(
            name,
            await read_source(request),
            detection_model=detection_model,
            recognition_model=recognition_model,
            selection=faces,
        )
        return RegisteredAnswer(
            detail="Face registered", data=RegisteredView(face.id, face.profile_id, face.name)
        )

    @post(
        "/recognize",
        status_code=HTTPStatus.OK,
        operation_class=takes("image", embedding=True),
        summary="Recognise a face",
        responses=refusals(*IMAGE_REFUSALS, errors.NoMatch),
    )
    async def recognize(
        self,
        request: AnyRequest,
        recognize_face: NamedDependency[RecognizeFace],
        detection_model: ModelName = None,
        recognition_model: ModelName = None,
        threshold: Annotated[
            float | None,
            QueryParameter(
                ge=-1, le=1, description="The least cosine similarity of a match, instead of the model's"
            ),
        ] = None,
    ) -> RecognizedAnswer:
        """Finds the registered person nearest to the largest face in the photo."""
        match = await recognize_face.execute(
            await read_source(request),
            detection_model=detection_model,
            recognition_model=recognition_model,
            threshold=threshold,
        )
        return RecognizedAnswer(detail="Face recognized", data=RecognizedView.of(match))

    @delete(
        "/{face_id:uuid}",
        status_code=HTTPStatus.OK,
        summary="Delete a face",
        responses=refusals(errors.FaceNotFound),
    )
    async def delete_face(self, delete_face: NamedDependency[DeleteFace], face_id: FromPath[UUID]) -> Success:
        """Deletes a registered face for good, and its person with their last face."""
        await delete_face.execute(face_id)
        return Success(detail="Face embedding deleted")
