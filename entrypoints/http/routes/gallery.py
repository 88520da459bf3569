"""/api/gallery: the enrolled faces of a collection, looked at together."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import UNSET

from application.gallery_check.check import CheckGallery
from domain import errors
from domain.people import DEFAULT_COLLECTION
from entrypoints.http.openapi.refusals import GALLERY_REFUSALS, refusals
from entrypoints.http.requests.parameters import AfterProfile, Collection, RecognitionModel
from entrypoints.http.views.gallery_check import GalleryCheckAnswer, GalleryCheckView

MAX_FINDINGS = 100
"""Entries of each list."""
FINDINGS = 20
"""Unless the request says otherwise."""


class GalleryController(Controller):
    """Galleries."""

    path = "/api/gallery"
    tags = ("people",)

    @get(
        "/check",
        summary="Find mistakes in a gallery",
        responses=refusals(*GALLERY_REFUSALS, errors.UnknownModel, errors.ModelNotInstalled, errors.Busy),
    )
    async def check_gallery(
        self,
        check_gallery: NamedDependency[CheckGallery],
        collection: Collection = DEFAULT_COLLECTION,
        recognition_model: RecognitionModel = None,
        limit: Annotated[
            int, QueryParameter(ge=1, le=MAX_FINDINGS, description="Entries of each list")
        ] = FINDINGS,
        after: AfterProfile = None,
    ) -> GalleryCheckAnswer:
        """People who look like the same person, and faces that don't fit theirs.

        All faces are compared with each other. A gallery of more than some 22,000 is checked in parts: `after` is the
        `next` of the part before. One check runs at a time, and takes up to a minute.
        """
        check = await check_gallery.execute(collection, recognition_model, limit=limit, after=after)
        return GalleryCheckAnswer(
            detail="Gallery checked", data=GalleryCheckView.of(check), next=check.next or UNSET
        )
