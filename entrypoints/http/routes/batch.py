"""/api/face/register/batch: many photos in one request."""

from http import HTTPStatus

import msgspec
from litestar import Controller, Response, post
from litestar.di import NamedDependency

from application.enrolment import EnrolBatch, EnrolledFace
from application.idempotency import AnswerOnce
from domain import errors
from entrypoints.http.access import own_key
from entrypoints.http.envelope import encoded
from entrypoints.http.openapi.refusals import GALLERY_REFUSALS, refusals
from entrypoints.http.openapi.request_bodies import batch_body
from entrypoints.http.requests.batch_form import read_batch
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.requests.parameters import EnrolmentParameters, IdempotencyKey, injected
from entrypoints.http.requests.photos import fingerprint_of
from entrypoints.http.views.enrolment import BatchAnswer, BatchView


class BatchController(Controller):
    """Many photos at once."""

    path = "/api/face/register/batch"
    tags = ("faces",)

    @post(
        status_code=HTTPStatus.OK,
        dependencies=injected(EnrolmentParameters),
        operation_class=batch_body(),
        summary="Register many faces",
        responses=refusals(
            *GALLERY_REFUSALS,
            errors.ImageTooLarge,
            errors.UnknownModel,
            errors.KeyReused,
            errors.KeyInProgress,
        ),
    )
    async def register_faces(
        self,
        request: AnyRequest,
        enrol_batch: NamedDependency[EnrolBatch],
        answer_once: NamedDependency[AnswerOnce],
        parameters: NamedDependency[EnrolmentParameters],
        idempotency_key: IdempotencyKey = None,
    ) -> Response[BatchAnswer]:
        """As many `names` as `images`; or each `image` behind its `name`; or an `archive`, a zip of person/photo.

        The answer has an entry a photo, in their order; a bad one fails alone.
        """
        options = parameters.options()
        items, digest = await read_batch(request)

        async def enrol() -> bytes:
            results = await enrol_batch.execute(items, options)
            views = [
                BatchView.of(index, item.person, result, quality=parameters.quality)
                for index, (item, result) in enumerate(zip(items, results, strict=True))
            ]
            done = sum(isinstance(result, EnrolledFace) for result in results)
            answer = BatchAnswer(detail=f"{done} of {len(items)} faces registered", data=views)
            return msgspec.json.encode(answer)

        return encoded(
            await answer_once.execute(
                own_key(request, idempotency_key), fingerprint_of(request, digest), enrol
            )
        )
