"""/api/face: detect, embed, recognize, search, verify."""

from http import HTTPStatus

from litestar import Controller, post
from litestar.di import NamedDependency

from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.person_reference import one_of
from application.recognition import (
    CheckLiveness,
    DetectFaces,
    EmbedFaces,
    Identify,
    RecognizeFace,
)
from application.verification import PAIR, VerifyFace
from domain import errors
from domain.identification import AmbiguousMatch
from entrypoints.http.openapi.refusals import GALLERY_REFUSALS, IMAGE_REFUSALS, SESSION_REFUSALS, refusals
from entrypoints.http.openapi.request_bodies import either, photo_body
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.requests.parameters import (
    DetectionModel,
    Faces,
    MinFace,
    RecognitionModel,
    RecognizeParameters,
    SearchParameters,
    VerifyParameters,
    injected,
)
from entrypoints.http.requests.photos import read_photo, read_photos, read_source
from entrypoints.http.views.checks import FaceLivenessView, LivenessAnswer
from entrypoints.http.views.detection import DetectedAnswer, DetectedView, EmbeddedAnswer, EmbeddedView
from entrypoints.http.views.recognition import (
    IdentifiedAnswer,
    IdentifiedView,
    RecognizedAnswer,
    RecognizedView,
    VerifiedAnswer,
    VerifiedView,
)

SEARCH_RESULTS = 5
"""People that a search answers with for each face, unless the request says otherwise."""


class RecognitionController(Controller):
    """Faces in photos."""

    path = "/api/face"

    @post(
        either("/recognize"),
        status_code=HTTPStatus.OK,
        tags=("faces",),
        dependencies=injected(RecognizeParameters),
        operation_class=photo_body("image", embedding=True),
        summary="Recognise a face",
        responses=refusals(
            *IMAGE_REFUSALS,
            *GALLERY_REFUSALS,
            *SESSION_REFUSALS,
            errors.InvalidMetadata,
            errors.NoMatch,
            AmbiguousMatch,
        ),
    )
    async def recognize_face(
        self,
        request: AnyRequest,
        recognize_face: NamedDependency[RecognizeFace],
        parameters: NamedDependency[RecognizeParameters],
    ) -> RecognizedAnswer:
        """Finds the registered person most similar to the largest face in the photo.

        With `faces=all` every face is answered, as in a search.
        """
        options = parameters.options(1)
        source = await read_source(request)
        if parameters.faces is FaceSelection.ALL:
            found = await recognize_face.identify.execute(source, options)
            views = [IdentifiedView.of(each, options.top_k, quality=parameters.quality) for each in found]
            return RecognizedAnswer(detail="Faces searched", data=views)
        face, decision = await recognize_face.execute(source, options)
        view = RecognizedView.of(face, decision, parameters.top_k, quality=parameters.quality)
        return RecognizedAnswer(detail="Face recognized", data=view)

    @post(
        either("/search"),
        status_code=HTTPStatus.OK,
        tags=("recognition",),
        dependencies=injected(SearchParameters),
        operation_class=photo_body("image", embedding=True),
        summary="Search for the faces of a photo",
        responses=refusals(*IMAGE_REFUSALS, *GALLERY_REFUSALS, errors.InvalidMetadata, errors.MultipleFaces),
    )
    async def search_faces(
        self,
        request: AnyRequest,
        identify: NamedDependency[Identify],
        parameters: NamedDependency[SearchParameters],
    ) -> IdentifiedAnswer:
        """For every face in the photo, the registered people most similar to it, and what is decided."""
        options = parameters.options(SEARCH_RESULTS)
        # Who searches may hold the similarities against a threshold of their own.
        found = await identify.execute(await read_source(request), options, estimate=False)
        views = [IdentifiedView.of(each, options.top_k, quality=parameters.quality) for each in found]
        return IdentifiedAnswer(detail="Faces searched", data=views)

    @post(
        either("/verify"),
        status_code=HTTPStatus.OK,
        tags=("recognition",),
        dependencies=injected(VerifyParameters),
        operation_class=photo_body("image", *PAIR, embedding=True, required=False),
        summary="Compare two faces, or a face and a person",
        responses=refusals(
            *IMAGE_REFUSALS, *GALLERY_REFUSALS, *SESSION_REFUSALS, errors.ProfileNotFound, errors.InvalidName
        ),
    )
    async def verify_faces(
        self,
        request: AnyRequest,
        verify_face: NamedDependency[VerifyFace],
        parameters: NamedDependency[VerifyParameters],
    ) -> VerifiedAnswer:
        """1:1: the photos `image1` and `image2`, or `image` and the person of `profile_id` or `name`."""
        options = parameters.options()
        if parameters.name is None and parameters.profile_id is None:
            photos = await read_photos(request, *PAIR)
            if len(photos) != len(PAIR):
                raise errors.InvalidInput("Send image1 and image2, or image and a profile_id or name.")
            comparison = await verify_face.two(photos["image1"], photos["image2"], options)
        else:
            person = one_of(parameters.name, parameters.profile_id)
            comparison = await verify_face.person(await read_source(request), person, options)
        view = VerifiedView.of(comparison, quality=parameters.quality)
        return VerifiedAnswer(detail="Faces compared", data=view)

    @post(
        either("/detect"),
        status_code=HTTPStatus.OK,
        tags=("recognition",),
        operation_class=photo_body("image"),
        summary="Find faces",
        responses=refusals(*IMAGE_REFUSALS),
    )
    async def detect_faces(
        self,
        request: AnyRequest,
        detect_faces: NamedDependency[DetectFaces],
        detection_model: DetectionModel = None,
        min_face: MinFace = None,
    ) -> DetectedAnswer:
        """All faces of the photo, best score first, in pixels of the photo as its EXIF data turn it."""
        faces = await detect_faces.execute(await read_photo(request), detection_model, min_face)
        return DetectedAnswer(detail="Faces detected", data=[DetectedView.of(face) for face in faces])

    @post(
        either("/embed"),
        status_code=HTTPStatus.OK,
        tags=("recognition",),
        operation_class=photo_body("image"),
        summary="Compute embeddings",
        responses=refusals(*IMAGE_REFUSALS, errors.MultipleFaces),
    )
    async def embed_faces(
        self,
        request: AnyRequest,
        embed_faces: NamedDependency[EmbedFaces],
        detection_model: DetectionModel = None,
        recognition_model: RecognitionModel = None,
        faces: Faces = FaceSelection.ALL,
        min_face: MinFace = None,
    ) -> EmbeddedAnswer:
        """Embeddings of the photo's faces, to be sent instead of photos or to be stored elsewhere."""
        options = PhotoOptions(
            detection_model=detection_model,
            recognition_model=recognition_model,
            selection=faces,
            min_face=min_face,
        )
        found, execution = await embed_faces.execute(await read_photo(request), options)
        views = [
            EmbeddedView.of(face, face.detected, execution) for face in found if face.detected is not None
        ]
        return EmbeddedAnswer(detail="Faces embedded", data=views)

    @post(
        either("/liveness"),
        status_code=HTTPStatus.OK,
        tags=("liveness",),
        operation_class=photo_body("image"),
        summary="Judge a photo's liveness",
        responses=refusals(*IMAGE_REFUSALS),
    )
    async def check_liveness(
        self,
        request: AnyRequest,
        check_liveness: NamedDependency[CheckLiveness],
        detection_model: DetectionModel = None,
    ) -> LivenessAnswer:
        """Judges whether the largest face is a presentation attack, such as a printed photo or a screen."""
        face, liveness = await check_liveness.execute(await read_photo(request), detection_model)
        return LivenessAnswer(
            detail="Face looked at", data=FaceLivenessView.at(DetectedView.of(face), liveness)
        )
