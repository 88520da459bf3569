"""Forms: their parameters, which may be in the query as well, and their content, such as photos."""

from http import HTTPStatus
from urllib.parse import quote_from_bytes, unquote_to_bytes

from litestar.exceptions import HTTPException

from domain.errors import InvalidInput
from entrypoints.http.requests.multipart import MULTIPART, AnyRequest, media_type, read_parts, refuse_repeated
from entrypoints.http.requests.signatures import form_fields, query_parameters, takes_body, takes_json
from entrypoints.http.requests.text import utf8
from entrypoints.http.requests.unknown import refuse_unknown

URL_ENCODED = "application/x-www-form-urlencoded"
JSON = "application/json"
_FORM = "form"
"""Of the request's state, which is read without the framework's wrapper: that makes a lock each time."""
_NO_JSON = (b"", b"{}", b"null")
MAX_PARAMETERS_BYTES = 64_000
"""Of the parameters of a form: as many as fit into an address."""


async def read_form(request: AnyRequest) -> None:
    """Read the request's form, if it has one, and move its parameters to the query.

    There they are checked as those of the address, and a parameter that is in both is one that is sent twice. Must be
    called before anybody asks for `request.query_params`, which the framework remembers.

    Raises:
        InvalidInput: the form is malformed, or has an unknown field or too long parameters.
        HTTPException: the body is compressed, or encoded in another way.
    """
    _refuse_encoded(request)
    handler = request.route_handler
    content = form_fields(handler)
    fields: list[tuple[str, bytes]] = []
    query = bytearray(request.scope["query_string"])
    for name, value in [] if takes_json(handler) else await _fields(request):
        if name in content:
            fields.append((name, value))
            continue
        refuse_unknown(name, content | query_parameters(handler), "field in the form")
        _check_length(len(query) + len(value))
        query += f"&{quote_from_bytes(name.encode())}={quote_from_bytes(value)}".encode()
    request.scope["query_string"] = bytes(query.strip(b"&"))
    request.scope["state"][_FORM] = fields


def content_parts(request: AnyRequest) -> list[tuple[str, bytes]]:
    """Names and contents of the form's fields without its parameters, in order."""
    parts: list[tuple[str, bytes]] = request.scope["state"][_FORM]
    return parts


def content_fields(request: AnyRequest) -> dict[str, bytes]:
    """The form's fields without its parameters.

    Raises:
        InvalidInput: there are several of a name.
    """
    parts = content_parts(request)
    refuse_repeated([name for name, _ in parts], "form")
    return dict(parts)


def _refuse_encoded(request: AnyRequest) -> None:
    """Refuse a body that would be read as if it were not encoded (RFC 9110, 15.5.16)."""
    headers = request.headers
    coding, transfer = headers.get("content-encoding"), headers.get("transfer-encoding")
    if not coding and not transfer:
        return
    codings = _codings(coding or "") - {"identity"}
    if (transfer or headers.get("content-length", "").strip("0")) and (
        codings | _codings(transfer or "") - {"chunked"}
    ):
        raise HTTPException(
            status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, headers={"Accept-Encoding": "identity"}
        )


def _codings(header: str) -> set[str]:
    return {coding.strip().lower() for coding in header.split(",") if coding.strip()}


async def _fields(request: AnyRequest) -> list[tuple[str, bytes]]:
    kind, boundary = media_type(request)
    if kind == MULTIPART:
        return await read_parts(request, boundary)
    # Where photos are taken, a body of this type is one: `curl --data-binary` says so.
    if kind == URL_ENCODED and not form_fields(request.route_handler):
        body = await request.body()
        _check_length(len(body))
        pairs = [pair.replace(b"+", b" ").partition(b"=") for pair in body.split(b"&") if pair]
        return [
            (utf8(unquote_to_bytes(name), "The name of a field of the form"), unquote_to_bytes(value))
            for name, _, value in pairs
        ]
    if kind == JSON and not takes_body(request.route_handler):
        await _refuse_json(request)
    return []


async def _refuse_json(request: AnyRequest) -> None:
    """Refuse JSON that nobody would read, and with it the collection that is meant, say; clients may send none."""
    if (await request.body()).strip() not in _NO_JSON:
        raise InvalidInput("This operation takes no JSON: send parameters in the address or as a form.")


def _check_length(number: int) -> None:
    if number > MAX_PARAMETERS_BYTES:
        raise InvalidInput(f"The parameters are longer than {MAX_PARAMETERS_BYTES} bytes.")
