"""/api/face/register/batch: many photos in one request."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from application.analysis import FaceSelection
from application.enrolment import Enrol, RegisterBatch, Registered
from application.idempotency import AnswerOnce
from application.ports.idempotency import Answer
from domain import errors
from domain.enrolment import OnConflict
from domain.people import DEFAULT_COLLECTION
from entrypoints.http.openapi.document import refusals
from entrypoints.http.requests.batch_form import read_batch
from entrypoints.http.requests.parameters import (
    GALLERY_REFUSALS,
    Aliveness,
    Collection,
    DetectionModel,
    IdempotencyKey,
    Quality,
    RecognitionModel,
)
from entrypoints.http.requests.photos import AnyRequest, digest_of, takes_batch
from entrypoints.http.views.enrolment import BatchAnswer, BatchFailure, BatchView, RegisteredView


class BatchController(Controller):
    """Many photos at once."""

    path = "/api/face/register/batch"
    tags = ("faces",)

    @post(
        status_code=HTTPStatus.OK,
        operation_class=takes_batch(),
        summary="Register many faces",
        responses=refusals(
            *GALLERY_REFUSALS,
            errors.ImageTooLarge,
            errors.UnknownModel,
            errors.KeyReused,
            errors.KeyInProgress,
        ),
    )
    async def register_batch(
        self,
        request: AnyRequest,
        register_batch: NamedDependency[RegisterBatch],
        answer_once: NamedDependency[AnswerOnce],
        detection_model: DetectionModel = None,
        recognition_model: RecognitionModel = None,
        faces: Annotated[FaceSelection, QueryParameter(description="As in register")] = FaceSelection.SINGLE,
        on_conflict: Annotated[OnConflict, QueryParameter(description="As in register")] = OnConflict.WARN,
        collection: Collection = DEFAULT_COLLECTION,
        liveness: Aliveness = None,
        quality: Quality = False,
        idempotency_key: IdempotencyKey = None,
    ) -> BatchAnswer:
        """As many `names` as `images`; or each `image` behind its `name`; or an `archive`, a zip of person/photo.

        The answer has an entry a photo, in their order; a bad one fails alone.
        """
        if faces is FaceSelection.ALL:
            raise errors.InvalidInput("faces: register takes 'single' or 'largest'")
        items, carried = await read_batch(request)
        how = Enrol(
            collection=collection,
            detection_model=detection_model,
            recognition_model=recognition_model,
            selection=faces,
            on_conflict=on_conflict,
            liveness=liveness,
        )

        async def enrol() -> Answer:
            results = await register_batch.execute(items, how)
            views = [
                _view(index, item.person, result, quality=quality)
                for index, (item, result) in enumerate(zip(items, results, strict=True))
            ]
            done = sum(isinstance(result, Registered) for result in results)
            answer = BatchAnswer(detail=f"{done} of {len(items)} faces registered", data=views)
            return Answer(HTTPStatus.OK, msgspec.json.encode(answer))

        answer = await answer_once.execute(idempotency_key, digest_of(request, carried), enrol)
        return msgspec.json.decode(answer.body, type=BatchAnswer)


def _view(
    index: int, person: str, result: Registered | errors.FaceServiceError, *, quality: bool
) -> BatchView:
    if isinstance(result, Registered):
        return BatchView(index, person, face=RegisteredView.of(result, quality=quality))
    return BatchView(index, person, error=BatchFailure(result.code, result.detail))
