"""Answers with files of ours, which clients that have them already need not fetch again."""

import hashlib
from collections.abc import Mapping
from http import HTTPStatus

from litestar import Response

from entrypoints.http.requests.multipart import AnyRequest


def file_answer(
    request: AnyRequest, content: bytes, media_type: str, headers: Mapping[str, str]
) -> Response[bytes]:
    """The content with its entity tag, or 304 where the client's copy is the same (RFC 9110, section 13.1.2)."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    tagged = {**headers, "ETag": tag}
    if known & {tag, "*"}:
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, media_type=media_type, headers=tagged)
    return Response(content, media_type=media_type, headers=tagged)
