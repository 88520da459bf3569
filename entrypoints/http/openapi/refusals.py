"""What each operation may refuse, by its errors."""

from collections import defaultdict
from http import HTTPStatus

from litestar.openapi import ResponseSpec

from domain import errors
from domain.limits import RateLimited, TooManyPhotos
from domain.liveness import errors as liveness_errors
from domain.quality import LowQuality
from entrypoints.http.connections import REFUSALS
from entrypoints.http.envelope import ErrorAnswer
from entrypoints.http.errors import status_of

IMAGE_REFUSALS = (
    errors.InvalidImage,
    errors.ImageTooLarge,
    errors.NoFaceDetected,
    errors.UnknownModel,
    errors.InvalidEmbedding,
    errors.ModelNotInstalled,
    errors.SpoofDetected,
    errors.LivenessUndetermined,
    LowQuality,
    errors.BrokenModel,
    errors.Busy,
    TooManyPhotos,
)
"""Of operations with a photo."""

SESSION_REFUSALS = (
    liveness_errors.LivenessSessionNotFound,
    liveness_errors.LivenessSessionNotPassed,
    liveness_errors.LivenessSessionUsed,
    liveness_errors.LivenessSessionOtherFace,
)
"""Of operations that take a liveness session."""

GALLERY_REFUSALS = (errors.CollectionNotFound, errors.InvalidCollection, errors.ModelNotCalibrated)
"""Of operations on people."""

_ALWAYS = (
    errors.InvalidInput,
    errors.Unauthenticated,
    errors.AccessDenied,
    RateLimited,
    errors.DeadlineExceeded,
    errors.Unavailable,
    errors.StorageFull,
    errors.FaceServiceError,
)
"""Of any operation: bad parameters, no key or permission, too many requests, too slow an answer, no database or no
room on its disk, a defect."""


_BEFORE_ANY = (
    (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
    *((status, code) for status, (code, _) in REFUSALS.items()),
)
"""What is refused before an operation is known, or its body read."""


def refusals(*kinds: type[errors.FaceServiceError]) -> dict[int, ResponseSpec]:
    """The error answers of an operation, by status, each with the codes that it may have."""
    codes: defaultdict[HTTPStatus, set[str]] = defaultdict(set)
    for status, code in _BEFORE_ANY:
        codes[status].add(code)
    possible: tuple[type[errors.FaceServiceError], ...] = (*kinds, *_ALWAYS)
    for kind in possible:
        codes[status_of(kind)].add(kind.code)
    return {
        int(status): ResponseSpec(
            ErrorAnswer,
            description=f"{status.phrase}: " + ", ".join(f"`{code}`" for code in sorted(names)),
            generate_examples=False,
        )
        for status, names in sorted(codes.items())
    }
