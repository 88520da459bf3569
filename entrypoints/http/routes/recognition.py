"""/api/face: detect, embed, recognize, search, verify."""

from http import HTTPStatus
from typing import Annotated

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from application.analysis import FaceSelection
from application.recognition import (
    PAIR,
    CheckLiveness,
    DetectFaces,
    EmbedFaces,
    Identify,
    Query,
    RecognizeFace,
    VerifyFace,
    one_of,
)
from domain import errors
from domain.identification import AmbiguousMatch
from domain.people import DEFAULT_COLLECTION
from entrypoints.http.openapi.document import refusals
from entrypoints.http.requests.parameters import (
    GALLERY_REFUSALS,
    IMAGE_REFUSALS,
    SESSION_REFUSALS,
    Aliveness,
    Collection,
    DetectionModel,
    LeastSimilarity,
    LivenessSession,
    MetadataFilter,
    Method,
    OptionalProfile,
    Quality,
    RecognitionModel,
    metadata_filter,
)
from entrypoints.http.requests.photos import AnyRequest, read_photo, read_photos, read_source, takes
from entrypoints.http.views.checks import LivenessAnswer, LookedAtView
from entrypoints.http.views.detection import DetectedAnswer, DetectedView, EmbeddedAnswer, EmbeddedView
from entrypoints.http.views.recognition import (
    IdentifiedAnswer,
    IdentifiedView,
    RecognizedAnswer,
    RecognizedView,
    VerifiedAnswer,
    VerifiedView,
)

TopK = Annotated[int | None, QueryParameter(ge=1, le=100, description="How many people to answer with")]
Faces = Annotated[FaceSelection, QueryParameter(description="Which faces of the photo are meant")]
FILTER_REFUSALS = (errors.InvalidMetadata,)


class RecognitionController(Controller):
    """Faces in photos."""

    path = "/api/face"
    tags = ("recognition",)

    @post(
        "/detect",
        status_code=HTTPStatus.OK,
        operation_class=takes("image"),
        summary="Find faces",
        responses=refusals(*IMAGE_REFUSALS),
    )
    async def detect(
        self,
        request: AnyRequest,
        detect_faces: NamedDependency[DetectFaces],
        detection_model: DetectionModel = None,
    ) -> DetectedAnswer:
        """All faces of the photo, best score first, in pixels of the photo as its EXIF data turn it."""
        faces = await detect_faces.execute(await read_photo(request), detection_model)
        return DetectedAnswer(detail="Faces detected", data=[DetectedView.of(face) for face in faces])

    @post(
        "/liveness",
        status_code=HTTPStatus.OK,
        operation_class=takes("image"),
        summary="Is the face alive?",
        responses=refusals(*IMAGE_REFUSALS),
    )
    async def liveness(
        self,
        request: AnyRequest,
        check_liveness: NamedDependency[CheckLiveness],
        detection_model: DetectionModel = None,
    ) -> LivenessAnswer:
        """Looks at the largest face for signs of a presentation attack: a printed photo, a screen."""
        face, found = await check_liveness.execute(await read_photo(request), detection_model)
        return LivenessAnswer(detail="Face looked at", data=LookedAtView.at(DetectedView.of(face), found))

    @post(
        "/embed",
        status_code=HTTPStatus.OK,
        operation_class=takes("image"),
        summary="Compute embeddings",
        responses=refusals(*IMAGE_REFUSALS, errors.MultipleFaces),
    )
    async def embed(
        self,
        request: AnyRequest,
        embed_faces: NamedDependency[EmbedFaces],
        detection_model: DetectionModel = None,
        recognition_model: RecognitionModel = None,
        faces: Faces = FaceSelection.ALL,
    ) -> EmbeddedAnswer:
        """Embeddings of the photo's faces, to be sent instead of photos or to be kept elsewhere."""
        query = Query(detection_model=detection_model, recognition_model=recognition_model, selection=faces)
        found = await embed_faces.execute(await read_photo(request), query)
        views = [EmbeddedView.of(face, face.detected) for face in found if face.detected is not None]
        return EmbeddedAnswer(detail="Faces embedded", data=views)

    @post(
        "/recognize",
        status_code=HTTPStatus.OK,
        operation_class=takes("image", embedding=True),
        summary="Recognise a face",
        responses=refusals(
            *IMAGE_REFUSALS,
            *GALLERY_REFUSALS,
            *FILTER_REFUSALS,
            *SESSION_REFUSALS,
            errors.NoMatch,
            AmbiguousMatch,
        ),
    )
    async def recognize(
        self,
        request: AnyRequest,
        recognize_face: NamedDependency[RecognizeFace],
        detection_model: DetectionModel = None,
        recognition_model: RecognitionModel = None,
        threshold: LeastSimilarity = None,
        collection: Collection = DEFAULT_COLLECTION,
        method: Method = None,
        top_k: TopK = None,
        faces: Faces = FaceSelection.LARGEST,
        metadata: MetadataFilter = None,
        liveness: Aliveness = None,
        liveness_session: LivenessSession = None,
        quality: Quality = False,
    ) -> RecognizedAnswer:
        """Finds the registered person most similar to the largest face in the photo.

        With `faces=all` every face is answered, as in a search.
        """
        query = Query(
            collection=collection,
            detection_model=detection_model,
            recognition_model=recognition_model,
            method=method,
            top_k=top_k or 1,
            threshold=threshold,
            metadata=metadata_filter(metadata),
            selection=faces,
            liveness=liveness,
            liveness_session=liveness_session,
        )
        source = await read_source(request)
        if faces is FaceSelection.ALL:
            found = await recognize_face.identify.execute(source, query)
            views = [IdentifiedView.of(identified, query.top_k, quality=quality) for identified in found]
            return RecognizedAnswer(detail="Faces searched", data=views)
        face, decision = await recognize_face.execute(source, query)
        view = RecognizedView.of(face, decision, top_k, quality=quality)
        return RecognizedAnswer(detail="Face recognized", data=view)

    @post(
        "/search",
        status_code=HTTPStatus.OK,
        operation_class=takes("image", embedding=True),
        summary="Search for the faces of a photo",
        responses=refusals(*IMAGE_REFUSALS, *GALLERY_REFUSALS, *FILTER_REFUSALS, errors.MultipleFaces),
    )
    async def search(
        self,
        request: AnyRequest,
        identify: NamedDependency[Identify],
        detection_model: DetectionModel = None,
        recognition_model: RecognitionModel = None,
        threshold: LeastSimilarity = None,
        collection: Collection = DEFAULT_COLLECTION,
        method: Method = None,
        top_k: TopK = None,
        faces: Faces = FaceSelection.ALL,
        metadata: MetadataFilter = None,
        liveness: Aliveness = None,
        quality: Quality = False,
    ) -> IdentifiedAnswer:
        """For every face in the photo, the registered people most similar to it, and what is decided."""
        query = Query(
            collection=collection,
            detection_model=detection_model,
            recognition_model=recognition_model,
            method=method,
            top_k=top_k or 5,
            threshold=threshold,
            metadata=metadata_filter(metadata),
            selection=faces,
            liveness=liveness,
        )
        found = await identify.execute(await read_source(request), query)
        views = [IdentifiedView.of(identified, query.top_k, quality=quality) for identified in found]
        return IdentifiedAnswer(detail="Faces searched", data=views)

    @post(
        "/verify",
        status_code=HTTPStatus.OK,
        operation_class=takes("image", *PAIR, embedding=True, required=False),
        summary="Compare two faces, or a face and a person",
        responses=refusals(
            *IMAGE_REFUSALS, *GALLERY_REFUSALS, *SESSION_REFUSALS, errors.ProfileNotFound, errors.InvalidName
        ),
    )
    async def verify(
        self,
        request: AnyRequest,
        verify_face: NamedDependency[VerifyFace],
        profile_id: OptionalProfile = None,
        name: FromQuery[str | None] = None,
        detection_model: DetectionModel = None,
        recognition_model: RecognitionModel = None,
        threshold: LeastSimilarity = None,
        collection: Collection = DEFAULT_COLLECTION,
        method: Method = None,
        liveness: Aliveness = None,
        liveness_session: LivenessSession = None,
        quality: Quality = False,
    ) -> VerifiedAnswer:
        """1:1: the photos `image1` and `image2`, or `image` and the person of `profile_id` or `name`."""
        query = Query(
            collection=collection,
            detection_model=detection_model,
            recognition_model=recognition_model,
            method=method,
            threshold=threshold,
            liveness=liveness,
            liveness_session=liveness_session,
        )
        if name is None and profile_id is None:
            photos = await read_photos(request, *PAIR)
            if len(photos) != len(PAIR):
                raise errors.InvalidInput("Send image1 and image2, or image and a profile_id or name.")
            comparison = await verify_face.two(photos["image1"], photos["image2"], query)
        else:
            person = one_of(name, profile_id)
            comparison = await verify_face.person(await read_source(request), person, query)
        return VerifiedAnswer(detail="Faces compared", data=VerifiedView.of(comparison, quality=quality))
