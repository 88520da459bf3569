"""/api/face/register/batch: many photos in one request."""

import io
import lzma
import zipfile
import zlib
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Annotated

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from multipart import parse_options_header

from application.analysis import FaceSelection
from application.enrolment import BatchItem, Enrol, RegisterBatch, Registered
from application.idempotency import AnswerOnce
from application.ports.idempotency import Answer
from application.sources import Photo
from domain import errors
from domain.enrolment import OnConflict
from domain.people import DEFAULT_COLLECTION
from entrypoints.http.openapi import refusals
from entrypoints.http.parameters import (
    GALLERY_REFUSALS,
    Aliveness,
    Collection,
    DetectionModel,
    IdempotencyKey,
    Quality,
    RecognitionModel,
)
from entrypoints.http.upload import MULTIPART, AnyRequest, digest_of, read_parts, takes_batch
from entrypoints.http.views.enrolment import BatchAnswer, BatchFailure, BatchView, RegisteredView

MAX_ITEMS = 1000
MAX_EXPANSION = 20
"""A zip's photos may be so many times larger than the zip: photos hardly shrink; more is an attack."""

_DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, RuntimeError, ValueError, OSError)
"""What reading an entry may raise; RuntimeError if it is encrypted, or packed in a way that isn't known."""


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
        on_conflict: Annotated[OnConflict, QueryParameter(description="As in register")] = OnConflict.ALLOW,
        collection: Collection = DEFAULT_COLLECTION,
        liveness: Aliveness = None,
        quality: Quality = False,
        idempotency_key: IdempotencyKey = None,
    ) -> BatchAnswer:
        """Each `image` of the form belongs to the `name` before it; or one `archive`, a zip of person/photo.

        The answer has an entry a photo, in their order; a bad one fails alone.
        """
        if faces is FaceSelection.ALL:
            raise errors.InvalidInput("faces: register takes 'single' or 'largest'")
        items = await _items(request)
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

        carried = b"".join(item.person.encode() + b"\0" + item.photo.digest for item in items)
        answer = await answer_once.execute(idempotency_key, digest_of(request, carried), enrol)
        return msgspec.json.decode(answer.body, type=BatchAnswer)


async def _items(request: AnyRequest) -> list[BatchItem]:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != MULTIPART:
        raise errors.InvalidInput(f"Send {MULTIPART} with pairs of 'name' and 'image', or an 'archive'.")
    items: list[BatchItem] = []
    person: str | None = None
    for field, content in await read_parts(request, options):
        match field:
            case "name":
                person = content.decode(errors="replace")
            case "image" if person is not None:
                items.append(BatchItem(person, Photo(content)))
            case "image":
                raise errors.InvalidInput("The form has an 'image' before the first 'name'.")
            case "archive":
                items += _unpacked(content)
            case _:
                raise errors.InvalidInput(f"The form has an unknown field {field[:40]!r}.")
    if not items:
        raise errors.InvalidInput("The form has no photos.")
    if len(items) > MAX_ITEMS:
        raise errors.InvalidInput(f"The form has more than {MAX_ITEMS} photos.")
    return items


def _unpacked(content: bytes) -> list[BatchItem]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MAX_ITEMS:
                raise errors.InvalidInput(f"The archive has more than {MAX_ITEMS} photos.")
            if sum(entry.file_size for entry in entries) > MAX_EXPANSION * len(content):
                raise errors.ImageTooLarge("The archive expands to far more than its size.")
            return [BatchItem(_person(entry.filename), _photo(archive, entry)) for entry in entries]
    except (zipfile.BadZipFile, ValueError, OSError):
        raise errors.InvalidInput("The archive is not a readable zip file.") from None


def _photo(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Photo:
    """Nothing, which is no image either, if the entry is damaged, encrypted or packed in an unknown way."""
    try:
        return Photo(archive.read(entry))
    except _DAMAGED:
        return Photo(b"")


def _person(path: str) -> str:
    """The folder that the photo is in; outside of any it is nobody's, as an empty name is."""
    return PurePosixPath(path).parent.name


def _view(
    index: int, person: str, result: Registered | errors.FaceServiceError, *, quality: bool
) -> BatchView:
    if isinstance(result, Registered):
        return BatchView(index, person, face=RegisteredView.of(result, quality=quality))
    return BatchView(index, person, error=BatchFailure(result.code, result.detail))
