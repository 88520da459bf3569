"""/api/collection: groups of people that never meet."""

from http import HTTPStatus

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET

from application.calibration_report import ReportCalibration
from application.people import ManageCollections
from domain import errors
from entrypoints.http.access import caller_of
from entrypoints.http.openapi.refusals import refusals
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.requests.parameters import PAGE_SIZE, Limit, RecognitionModel
from entrypoints.http.requests.text import MAX_JSON_BYTES, check_json
from entrypoints.http.views.calibration import CalibrationAnswer, CalibrationView
from entrypoints.http.views.erasure import ErasedAnswer, ReceiptView
from entrypoints.http.views.people import CollectionAnswer, CollectionsAnswer, CollectionView


class NewCollection(msgspec.Struct, forbid_unknown_fields=True):
    """A collection to create."""

    name: str


class CollectionController(Controller):
    """Collections."""

    path = "/api/collection"
    tags = ("people",)

    @get(summary="List collections", responses=refusals())
    async def list_collections(
        self,
        request: AnyRequest,
        manage_collections: NamedDependency[ManageCollections],
        limit: Limit = PAGE_SIZE,
        after: FromQuery[str | None] = None,
    ) -> CollectionsAnswer:
        """By name. `after` is the `next` of the page before."""
        page = await manage_collections.list(limit, after, caller_of(request).grant)
        return CollectionsAnswer(
            detail="Collections retrieved",
            data=[CollectionView.of(collection) for collection in page.items],
            next=page.next or UNSET,
        )

    @post(
        status_code=HTTPStatus.OK,
        summary="Create a collection",
        before_request=check_json,
        request_max_body_size=MAX_JSON_BYTES,
        responses=refusals(errors.InvalidCollection, errors.CollectionExists, errors.ImageTooLarge),
    )
    async def create_collection(
        self,
        request: AnyRequest,
        manage_collections: NamedDependency[ManageCollections],
        data: JSONBody[NewCollection],
    ) -> CollectionAnswer:
        """An empty collection."""
        caller_of(request).grant.require_all_collections()
        collection = await manage_collections.create(data.name)
        return CollectionAnswer(detail="Collection created", data=CollectionView.of(collection))

    @get(
        "/{name:str}/calibration",
        summary="Get what thresholds are fitted to",
        responses=refusals(
            errors.CollectionNotFound,
            errors.UnknownModel,
            errors.ModelNotInstalled,
            errors.ModelNotCalibrated,
        ),
    )
    async def get_calibration(
        self,
        report_calibration: NamedDependency[ReportCalibration],
        name: FromPath[str],
        recognition_model: RecognitionModel = None,
    ) -> CalibrationAnswer:
        """How similar the different people of a collection are, and the thresholds that follow."""
        report = await report_calibration.execute(name, recognition_model)
        return CalibrationAnswer(detail="Calibration retrieved", data=CalibrationView.of(report))

    @delete(
        "/{name:str}",
        status_code=HTTPStatus.OK,
        summary="Delete a collection",
        responses=refusals(errors.InvalidCollection, errors.CollectionNotFound),
    )
    async def delete_collection(
        self, manage_collections: NamedDependency[ManageCollections], name: FromPath[str]
    ) -> ErasedAnswer:
        """Deletes a collection with everybody in it for good. The default one stays."""
        receipt = await manage_collections.delete(name)
        return ErasedAnswer(detail="Collection deleted", receipt=ReceiptView.of(receipt))
