"""Errors in the protocol's form: `{"error": words}`; `code` is for our own client."""

import logging
from http import HTTPStatus

import msgspec
from litestar import MediaType, Response
from litestar.exceptions import HTTPException

from adapters.remote.protocol import CHALLENGE, MalformedMessage
from domain import errors
from entrypoints.http.error_causes import describe_causes
from entrypoints.http.errors import HTTP_CODES, RETRY_AFTER_S, status_of
from entrypoints.http.middleware.access_log import shown_path
from entrypoints.http.middleware.records import record_of
from entrypoints.http.requests.multipart import AnyRequest

logger = logging.getLogger("face.models")


def refusal(error: str, code: str) -> bytes:
    """An error's body."""
    return msgspec.json.encode({"error": error, "code": code})


def refused(request: AnyRequest, status: HTTPStatus, error: str, code: str) -> Response[bytes]:
    """An error; the access log gets its code."""
    record_of(request.scope).code = code
    headers = {"Retry-After": RETRY_AFTER_S} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Response(refusal(error, code), status_code=status, media_type=MediaType.JSON, headers=headers)


def malformed(request: AnyRequest, error: MalformedMessage) -> Response[bytes]:
    """A message that doesn't follow the protocol."""
    return refused(request, HTTPStatus.BAD_REQUEST, str(error), "validation_error")


def domain_error(request: AnyRequest, error: errors.FaceServiceError) -> Response[bytes]:
    """A refusal of ours; the log has why something isn't available."""
    status = HTTPStatus.NOT_FOUND if isinstance(error, errors.UnknownModel) else status_of(type(error))
    if status >= HTTPStatus.SERVICE_UNAVAILABLE:
        path, name = shown_path(request.scope["path"]), record_of(request.scope).id
        logger.warning("%s request=%s: %s: %s", path, name, error.code, describe_causes(error))
    answer = refused(request, status, error.detail, error.code)
    if isinstance(error, errors.Unauthenticated):
        answer.headers["WWW-Authenticate"] = CHALLENGE
    return answer


def http_error(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """What the framework refuses before a handler is called."""
    status = HTTPStatus(error.status_code)
    code, words = HTTP_CODES.get(status, (status.name.lower(), status.phrase))
    answer = refused(request, status, words, code)
    answer.headers.update(error.headers or {})
    return answer


def unexpected_error(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A defect of ours: the log has it all, the client nothing."""
    path, name = shown_path(request.scope["path"]), record_of(request.scope).id
    logger.error("%s request=%s failed", path, name, exc_info=error)
    words = "Something went wrong in the service."
    return refused(request, HTTPStatus.INTERNAL_SERVER_ERROR, words, "internal_error")


HANDLERS = {
    MalformedMessage: malformed,
    errors.FaceServiceError: domain_error,
    HTTPException: http_error,
    Exception: unexpected_error,
}
