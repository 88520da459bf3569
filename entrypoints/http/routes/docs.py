"""The documentation page at `/`, from our own files, so that it works without a connection."""

import gzip
from pathlib import Path

from litestar import MediaType, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from entrypoints.bootstrap.settings import PROJECT
from entrypoints.http.middleware.proxies import prefix_of
from entrypoints.http.openapi.document import Document, describe
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.static_files import file_answer

DOCS = PROJECT / "static" / "docs"

ASSETS = {
    "page.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none';"
    # Swagger UI sets style attributes, and its style sheet has icons built in.
    " style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
)
"""The page runs scripts of this service only, none within HTML, and is shown in no other site's frame."""

CACHE = {"Cache-Control": "public, max-age=86400"}


@get(
    "/",
    media_type=MediaType.HTML,
    response_headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY},
    sync_to_thread=True,
)
def page(request: AnyRequest) -> str:
    """The page; its addresses are relative to where clients find it."""
    base = f"{prefix_of(request.scope)}/" if prefix_of(request.scope) else "./"
    return (DOCS / "index.html").read_text().replace('<base href="./">', f'<base href="{base}">')


@get("/openapi.json", sync_to_thread=True)
def description(request: AnyRequest) -> Document:
    """The description of the API, OpenAPI 3.1."""
    return describe(request.app, prefix_of(request.scope))


@get("/docs/{name:str}", sync_to_thread=True)
def asset(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """A file that the page needs."""
    if name not in ASSETS:
        raise NotFoundException
    compressed = _compressed(DOCS / f"{name}.gz")
    headers = CACHE
    if compressed is None:
        content = (DOCS / name).read_bytes()
    elif "gzip" in request.headers.get("accept-encoding", ""):
        content = compressed
        headers = {**CACHE, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    else:
        content = gzip.decompress(compressed)
    return file_answer(request, content, ASSETS[name], headers)


def _compressed(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


docs_router = Router("/", route_handlers=[page, description, asset], include_in_schema=False)
