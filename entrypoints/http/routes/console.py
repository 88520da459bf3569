"""The console at `/console`: pages for people, which use the public API only."""

import re

from litestar import MediaType, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from entrypoints.bootstrap.settings import PROJECT
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.static_files import file_answer

CONSOLE = PROJECT / "static" / "console"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:;"
    " media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Scripts and styles of this service only, none within HTML; pictures that the page has made itself; no frame."""

_ASSET = re.compile(r"[a-z]+\.(?:js|css)")
_TYPES = {"js": "text/javascript", "css": "text/css"}

CACHE = {"Cache-Control": "no-cache"}
"""Modules of two versions must not meet after an upgrade."""


@get("/console", sync_to_thread=True)
def console(request: AnyRequest) -> Response[bytes] | Redirect:
    """The page; its addresses are relative, so that it works wherever a proxy has put the service."""
    if request.scope["raw_path"].endswith(b"/"):
        return Redirect("../console")
    headers = {**CACHE, "Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return file_answer(request, (CONSOLE / "index.html").read_bytes(), MediaType.HTML, headers)


@get("/console/{name:str}", sync_to_thread=True)
def console_file(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """A script or a style sheet of the page."""
    path = CONSOLE / name
    if not (_ASSET.fullmatch(name) and path.is_file()):
        raise NotFoundException
    return file_answer(request, path.read_bytes(), _TYPES[name.rpartition(".")[2]], CACHE)


console_router = Router("/", route_handlers=[console, console_file], include_in_schema=False)
