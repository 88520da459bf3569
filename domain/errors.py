"""The errors of the service, each with a stable code that clients may rely on.

FaceServiceError
├── InvalidInput                what is asked for can't be carried out as it is
├── NotFound                    what is asked for is not there
├── Conflict                    what is asked for doesn't fit what is there
├── Busy                        later it will be possible
├── Unavailable                 a part that is needed doesn't answer
└── and those that are of no kind, each with a meaning of its own

Those of one subject are with it: quality.py, enrolment.py, identification.py, limits.py, liveness/errors.py. The
README's table has all codes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar


class FaceServiceError(Exception):
    """The root. Its message is written for the client: no path, no library's words, no traceback."""

    code: ClassVar[str] = "internal_error"
    message: ClassVar[str] = ""
    """Default message."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(self.message if message is None else message)

    subject: str = ""
    """The part of the request that the error is about, if it has several."""

    @property
    def detail(self) -> str:
        """The message, preceded by the subject if there is one."""
        return f"{self.subject}: {self}" if self.subject else str(self)


@contextmanager
def about(subject: str) -> Iterator[None]:
    """Name the part of the request that errors raised in this context are about."""
    try:
        yield
    except FaceServiceError as error:
        error.subject = subject
        raise


class InvalidInput(FaceServiceError):
    """The request can't be carried out as it is."""

    code = "validation_error"


class InvalidImage(InvalidInput):
    """The bytes are not one still image in a known format."""

    code = "invalid_image"


class ImageTooLarge(InvalidInput):
    """More pixels or bytes than the operator allows."""

    code = "image_too_large"


class NoFaceDetected(InvalidInput):
    """The detector found no face."""

    code = "no_face_detected"


class MultipleFaces(InvalidInput):
    """More than one face where the request needs exactly one."""

    code = "multiple_faces"


class UnknownModel(InvalidInput):
    """A model name that the catalogue doesn't have."""

    code = "unknown_model"


class InvalidName(InvalidInput):
    """A person's name that can't be stored."""

    code = "invalid_name"


class InvalidCollection(InvalidInput):
    """A text that can't name a collection."""

    code = "invalid_collection"


class InvalidMetadata(InvalidInput):
    """A person's metadata that can't be stored."""

    code = "invalid_metadata"


class InvalidEmbedding(InvalidInput):
    """Not a finite vector of unit norm and of the model's dimension."""

    code = "invalid_embedding"

    @classmethod
    def of_length(cls, length: int, model: str) -> "InvalidEmbedding":
        """An embedding whose length is not that of the model's enrolled embeddings."""
        return cls(
            f"An embedding of {length} numbers is not of the length that is enrolled for the model {model}."
        )


class KeyReused(InvalidInput):
    """An idempotency key that another request was sent with."""

    code = "idempotency_key_reused"
    message = "This idempotency key was sent with another request."


class SpoofDetected(FaceServiceError):
    """The face looks like a presentation attack: a print, a screen, a replay."""

    code = "spoof_detected"


class LivenessUndetermined(FaceServiceError):
    """The photo doesn't show whether the face is alive, and only living faces may pass."""

    code = "liveness_undetermined"

    def __init__(self, message: str, reasons: Sequence[str]) -> None:
        """Say why; `reasons` are the stable words for it (domain/liveness/capture.py)."""
        self.reasons = tuple(reasons)
        super().__init__(message)


class Unauthenticated(FaceServiceError):
    """The request has no valid API key."""

    code = "unauthenticated"
    message = "Send a valid API key in the header X-API-Key, or as Authorization: Bearer."


class AccessDenied(FaceServiceError):
    """The API key, or the page that sent the request, may not do this."""

    code = "access_denied"


class NotFound(FaceServiceError):
    """Something that was asked for is not there."""

    code = "not_found"


class ApiKeyNotFound(NotFound):
    """No API key has this id."""

    code = "api_key_not_found"
    message = "There is no API key with this id."


class FaceNotFound(NotFound):
    """No enrolled face has this id."""

    code = "face_not_found"
    message = "No registered face has this id."


class ProfileNotFound(NotFound):
    """The collection has no person with this id."""

    code = "profile_not_found"
    message = "The collection has no person with this id."


class CollectionNotFound(NotFound):
    """There is no collection of this name."""

    code = "collection_not_found"
    message = "No collection has this name."


class NoMatch(NotFound):
    """Nobody in the gallery is similar enough."""

    code = "no_match"


class Conflict(FaceServiceError):
    """The request doesn't fit what is there."""

    code = "conflict"


class NameTaken(Conflict):
    """The collection has another person of this name."""

    code = "name_taken"
    message = "Another person of the collection has this name."


class CollectionExists(Conflict):
    """There is a collection of this name."""

    code = "collection_exists"
    message = "There is a collection of this name."


class KeyInProgress(Conflict):
    """The request with this idempotency key is still being answered."""

    code = "idempotency_in_progress"
    message = "The request with this idempotency key is still being answered."


class ModelNotInstalled(FaceServiceError):
    """A model that the catalogue knows and this instance doesn't have."""

    code = "model_not_installed"

    def __init__(self, name: str, *, published: bool) -> None:
        """Name the model.

        Args:
            name: the model's.
            published: whether the catalogue has an address to fetch its file from.
        """
        self.name = name
        self.published = published
        super().__init__(f"The model {name} is not installed.")


class ModelNotCalibrated(FaceServiceError):
    """Nobody knows what the model's similarities mean, so that no decision can be taken on them."""

    code = "model_not_calibrated"


class Busy(FaceServiceError):
    """All workers have work and the queue is full: try again later."""

    code = "busy"


class DeadlineExceeded(Busy):
    """The answer took longer than the operator or the client allows; the work was dropped."""

    code = "deadline_exceeded"
    message = "The request took longer than the service allows, and was dropped; try again in a moment."


class Unavailable(FaceServiceError):
    """A part that the request needs (the database, say) does not answer."""

    code = "unavailable"


class StorageFull(Unavailable):
    """The database's disk has no room left; reading goes on."""

    code = "storage_full"
    message = "The storage is full: nothing can be stored until the operator has made room."


class ModelUnavailable(Unavailable):
    """The service that runs a model doesn't answer."""

    code = "model_unavailable"


class IndexUnavailable(Unavailable):
    """The gallery index doesn't answer or is too far behind, and the gallery is too large to do without it."""

    code = "index_unavailable"
    message = "The index of the faces does not answer; people can't be searched until it does."


class BrokenModel(Unavailable):
    """A model's file is missing, has the wrong hash, or is not of its family."""

    code = "broken_model"
