"""Multipart forms, read in memory only.

The framework's own reader may write photos to a temporary file; photos are biometric data.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from litestar import Request
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from typing_extensions import override

from domain.errors import InvalidInput

AnyRequest: TypeAlias = Request[Any, Any, Any]

MULTIPART = "multipart/form-data"
MAX_PARTS = 1000
_MEDIA_TYPE = "media_type"
"""In the state of a request, which asks several times."""


def media_type(request: AnyRequest) -> tuple[str, str | None]:
    """Of the request's body, and the boundary of its parts if there is one."""
    state = request.scope["state"]
    if _MEDIA_TYPE not in state:
        state[_MEDIA_TYPE] = _parsed(request.headers.get("content-type", ""))
    known: tuple[str, str | None] = state[_MEDIA_TYPE]
    return known


@lru_cache(32)
def _parsed(header: str) -> tuple[str, str | None]:
    """Remembered: many clients send the same boundary with every form."""
    kind, options = parse_options_header(_without_tabs(header))
    return kind, options.get("boundary")


class _Parser(PushMultipartParser):  # type: ignore[misc]  # it has no types
    """Takes tabs where blanks may be (RFC 9110, 5.6.3); the library takes blanks alone."""

    @override
    def _create_segment(self, headerlist: list[tuple[str, str]]) -> MultipartSegment:
        return super()._create_segment([(name, _without_tabs(value)) for name, value in headerlist])


async def read_parts(request: AnyRequest, boundary: str | None) -> list[tuple[str, bytes]]:
    """Names and contents of a form's parts, in order; the framework bounds the body's size as it arrives.

    Raises:
        InvalidInput: the form is not well-formed.
    """
    if not boundary:
        raise InvalidInput(
            "The Content-Type of the form has no boundary: let the HTTP client write this header."
        )
    parts: list[tuple[str, list[bytearray]]] = []
    try:
        # Names of files may be in any encoding, and nobody reads them.
        with _Parser(boundary, max_segment_count=MAX_PARTS, header_charset="latin-1") as parser:
            async for chunk in request.stream():
                for event in parser.parse(chunk):
                    if isinstance(event, MultipartSegment):
                        parts.append((_field(event.name), []))
                    elif event:
                        parts[-1][1].append(event)
    except MultipartError:
        raise InvalidInput("The multipart form is malformed or incomplete.") from None
    return [(name, b"".join(pieces)) for name, pieces in parts]


def refuse_repeated(names: Sequence[str], where: str) -> None:
    """Refuse a second field of a name, which would be ignored silently.

    Raises:
        InvalidInput: there is one.
    """
    if len(set(names)) < len(names):
        repeated = next(name for name, number in Counter(names).items() if number > 1)
        raise InvalidInput(f"The {where} has several fields {repeated[:40]!r}: send one.")


def _without_tabs(header: str) -> str:
    return header.replace("\t", " ")


def _field(name: str) -> str:
    """A field's name, as UTF-8."""
    try:
        return name.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise InvalidInput("The name of a field of the form is not UTF-8.") from None
