"""/api/collection: groups of people that never meet."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import UNSET, Meta, UnsetType

from application.calibration_report import ReportCalibration
from application.people import ManageCollections
from domain import errors
from domain.retention import MAX_RETENTION_DAYS, Retention, RetentionFrom
from entrypoints.http.access import caller_of
from entrypoints.http.openapi.refusals import refusals
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.requests.parameters import PAGE_SIZE, Limit, RecognitionModel
from entrypoints.http.requests.text import MAX_JSON_BYTES, check_json
from entrypoints.http.views.calibration import CalibrationAnswer, CalibrationView
from entrypoints.http.views.erasure import ErasedAnswer, ReceiptView
from entrypoints.http.views.people import CollectionAnswer, CollectionsAnswer, CollectionView

RetentionDays = Annotated[
    int | None,
    Meta(
        description="How many days people are kept; null: for good",
        extra_json_schema={"extra": {"minimum": 1, "maximum": MAX_RETENTION_DAYS}},
    ),
]


class NewCollection(msgspec.Struct, forbid_unknown_fields=True):
    """A collection to create."""

    name: str
    retention_days: RetentionDays = None
    retention_from: RetentionFrom = RetentionFrom.ENROLMENT


class CollectionChange(msgspec.Struct, forbid_unknown_fields=True):
    """What is to be replaced."""

    retention_days: RetentionDays | UnsetType = UNSET
    retention_from: RetentionFrom | UnsetType = UNSET


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
        collection = await manage_collections.create(
            data.name, Retention(data.retention_days, data.retention_from)
        )
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

    @patch(
        "/{name:str}",
        summary="Change how long people are kept",
        before_request=check_json,
        request_max_body_size=MAX_JSON_BYTES,
        responses=refusals(errors.CollectionNotFound, errors.ImageTooLarge),
    )
    async def update_collection(
        self,
        manage_collections: NamedDependency[ManageCollections],
        name: FromPath[str],
        data: JSONBody[CollectionChange],
    ) -> CollectionAnswer:
        """What is left out stays. What is too old by then is deleted within the hour, for good."""
        rule = (await manage_collections.get(name)).retention
        changed = Retention(
            rule.days if data.retention_days is UNSET else data.retention_days,
            rule.since if data.retention_from is UNSET else data.retention_from,
        )
        collection = await manage_collections.set_retention(name, changed)
        return CollectionAnswer(detail="Collection changed", data=CollectionView.of(collection))

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
