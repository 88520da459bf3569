"""Domain errors to HTTP: one table. Nothing but our own words reaches a client."""

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from litestar import MediaType, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import UNSET, UnsetType

from domain import errors, limits
from domain.enrolment import EnrolmentConflict
from domain.identification import AmbiguousMatch
from domain.liveness import errors as liveness_errors
from domain.people import COLLECTION_RULE
from domain.quality import LowQuality
from entrypoints.bootstrap.remedies import explained
from entrypoints.http.envelope import ErrorAnswer
from entrypoints.http.error_causes import describe_causes
from entrypoints.http.middleware.access_log import shown_path
from entrypoints.http.middleware.records import record_of
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.requests.problems import describe
from entrypoints.http.requests.signatures import required_query
from entrypoints.http.views.checks import ReasonView
from entrypoints.http.views.enrolment import ConflictView
from entrypoints.http.views.recognition import CandidateView

logger = logging.getLogger("face.http")

STATUS: dict[type[errors.FaceServiceError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ImageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.AccessDenied: HTTPStatus.FORBIDDEN,
    errors.SpoofDetected: HTTPStatus.FORBIDDEN,
    errors.LivenessUndetermined: HTTPStatus.FORBIDDEN,
    liveness_errors.LivenessSessionNotPassed: HTTPStatus.FORBIDDEN,
    liveness_errors.LivenessSessionOtherFace: HTTPStatus.FORBIDDEN,
    liveness_errors.WrongNonce: HTTPStatus.FORBIDDEN,
    liveness_errors.FrameTooSoon: HTTPStatus.TOO_MANY_REQUESTS,
    limits.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    limits.TooManyPhotos: HTTPStatus.TOO_MANY_REQUESTS,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.ModelNotInstalled: HTTPStatus.CONFLICT,
    errors.ModelNotCalibrated: HTTPStatus.CONFLICT,
    errors.Busy: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFull: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.FaceServiceError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The nearest ancestor of an error that is here gives its status."""

GROUNDS: Mapping[type[errors.FaceServiceError], Callable[[Any], object]] = {
    AmbiguousMatch: lambda error: [CandidateView.of(person) for person in error.decision.people],
    LowQuality: lambda error: [ReasonView.of(reason) for reason in error.reasons],
    errors.LivenessUndetermined: lambda error: list(error.reasons),
    EnrolmentConflict: lambda error: [ConflictView.of(conflict) for conflict in error.conflicts],
}
"""What some refusals show beside their words."""

RETRY_AFTER_S = "1"

HTTP_CODES = {
    HTTPStatus.BAD_REQUEST: ("validation_error", "The request, or the JSON that it brings, is malformed."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This address doesn't answer this method."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (
        "image_too_large",
        "The request is larger than the service accepts.",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: (
        "unsupported_media_type",
        "This media type or this encoding of the body isn't understood: send the body without Content-Encoding.",
    ),
}
"""Statuses that the framework raises by itself."""


def status_of(error: type[errors.FaceServiceError]) -> HTTPStatus:
    """The HTTP status of a domain error."""
    return next(STATUS[ancestor] for ancestor in error.__mro__ if ancestor in STATUS)


def failure(
    request: AnyRequest,
    status: HTTPStatus,
    code: str,
    detail: str,
    grounds: object | UnsetType = UNSET,
) -> Response[ErrorAnswer]:
    """An error in the envelope; the access log gets its code."""
    record_of(request.scope).code = code
    busy = status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}
    return Response(
        ErrorAnswer(detail=detail, code=code, data=grounds),
        status_code=status,
        media_type=MediaType.JSON,
        headers={"Retry-After": RETRY_AFTER_S} if busy else {},
    )


def domain_error(request: AnyRequest, error: errors.FaceServiceError) -> Response[ErrorAnswer]:
    """A refusal of ours; the log has why something isn't available."""
    if status_of(type(error)) >= HTTPStatus.SERVICE_UNAVAILABLE:
        path = shown_path(request.scope["path"])
        values = (request.method, path, record_of(request.scope).id, error.code, describe_causes(error))
        logger.warning("%s %s request=%s: %s: %s", *values)
    grounds = next((show(error) for kind, show in GROUNDS.items() if isinstance(error, kind)), UNSET)
    answer = failure(request, status_of(type(error)), error.code, explained(error), grounds)
    if isinstance(error, limits.RateLimited):
        record_of(request.scope).quota = error.quota
        answer.headers["Retry-After"] = str(error.quota.reset_s)
    if isinstance(error, errors.Unauthenticated):
        answer.headers["WWW-Authenticate"] = 'Bearer realm="face-api"'
    return answer


def validation_error(request: AnyRequest, error: ValidationException) -> Response[ErrorAnswer]:
    """Parameters that don't fit: which, and why."""
    problems = error.extra if isinstance(error.extra, list) else []
    if any(problem.get("key") == "collection" for problem in problems):
        return domain_error(request, errors.InvalidCollection(COLLECTION_RULE))
    details = [describe(request.route_handler, problem) for problem in problems]
    missing = sorted(required_query(request.route_handler) - set(request.query_params))
    details = details or [f"{name}: it is required" for name in missing]
    detail = "; ".join(details) or "The request is malformed."
    return failure(request, HTTPStatus.UNPROCESSABLE_ENTITY, "validation_error", detail)


def http_error(request: AnyRequest, error: HTTPException) -> Response[ErrorAnswer]:
    """What the framework refuses before a handler is called."""
    status = HTTPStatus(error.status_code)
    code, detail = HTTP_CODES.get(status, (status.name.lower(), status.phrase))
    answer = failure(request, status, code, detail)
    answer.headers.update(error.headers or {})  # such as Allow
    return answer


def unexpected_error(request: AnyRequest, error: Exception) -> Response[ErrorAnswer]:
    """A defect of ours: the log has it all, the client nothing."""
    values = (request.method, shown_path(request.scope["path"]), record_of(request.scope).id)
    logger.error("%s %s request=%s failed", *values, exc_info=error)
    detail = "Something went wrong in the service."
    return failure(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)


HANDLERS = {
    errors.FaceServiceError: domain_error,
    ValidationException: validation_error,
    HTTPException: http_error,
    Exception: unexpected_error,
}
