"""The documentation page at `/`, from our own files, so that it works without a connection."""

import gzip
from pathlib import Path
from typing import Any

from litestar import MediaType, Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from entrypoints.bootstrap.settings import PROJECT

DOCS = PROJECT / "static" / "docs"

ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}

CACHE = {"Cache-Control": "public, max-age=86400"}


@get("/", media_type=MediaType.HTML, sync_to_thread=True)
def page() -> bytes:
    """The page; it fetches the description itself."""
    return (DOCS / "index.html").read_bytes()


@get("/openapi.json", sync_to_thread=True)
def description(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The description of the API, OpenAPI 3.1."""
    return request.app.openapi_schema.to_schema()


@get("/docs/{name:str}", sync_to_thread=True)
def asset(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A file that the page needs."""
    if name not in ASSETS:
        raise NotFoundException
    compressed = _compressed(DOCS / f"{name}.gz")
    if compressed is None:
        return Response((DOCS / name).read_bytes(), media_type=ASSETS[name], headers=CACHE)
    if "gzip" in request.headers.get("accept-encoding", ""):
        encoded = {**CACHE, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Response(compressed, media_type=ASSETS[name], headers=encoded)
    return Response(gzip.decompress(compressed), media_type=ASSETS[name], headers=CACHE)


def _compressed(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


docs_router = Router("/", route_handlers=[page, description, asset], include_in_schema=False)
