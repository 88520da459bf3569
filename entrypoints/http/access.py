"""Who may send what: the check of every request, before anything of its body is used."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from application.api_keys import Authenticate, Caller
from application.limits import LimitClients
from domain.api_keys import KeyId, Scope
from domain.errors import AccessDenied
from domain.people import COLLECTION_PATTERN, DEFAULT_COLLECTION, MAX_ID, FaceId, ProfileId
from entrypoints.http.middleware.audit import audit_operation
from entrypoints.http.middleware.records import record_of
from entrypoints.http.middleware.turns import client_at
from entrypoints.http.openapi.request_bodies import JSON_PATH
from entrypoints.http.requests.forms import read_form
from entrypoints.http.requests.multipart import AnyRequest
from entrypoints.http.requests.signatures import query_parameters

PUBLIC = "public"
"""An operation that needs no key."""
ANY_KEY = "any key"
"""An operation that needs a key of whatever scope."""

_CALLER = "caller"
"""In the state of a request that has passed the guard."""
_KEY_HEADER = "x-api-key"
_BEARER = "bearer "
_LOOPBACK_NAMES = {"localhost", "localhost.localdomain", "ip6-localhost"}

_FACE = "/api/face"
_SESSION = "/api/face/liveness/session"
_PROFILE = "/api/profile"
_COLLECTION = "/api/collection"
_KEY = "/api/key"

ACCESS: Mapping[tuple[str, str], Scope | str] = {
    ("POST", f"{_FACE}/detect"): Scope.DETECT,
    ("POST", f"{_FACE}/embed"): Scope.DETECT,
    ("POST", f"{_FACE}/liveness"): Scope.DETECT,
    ("POST", _SESSION): Scope.DETECT,
    ("GET", f"{_SESSION}/{{session_id}}"): Scope.DETECT,
    ("POST", f"{_SESSION}/{{session_id}}/frame"): Scope.DETECT,
    ("POST", f"{_FACE}/recognize"): Scope.RECOGNIZE,
    ("POST", f"{_FACE}/search"): Scope.RECOGNIZE,
    ("POST", f"{_FACE}/verify"): Scope.RECOGNIZE,
    ("POST", f"{_FACE}/register"): Scope.ENROL,
    ("POST", f"{_FACE}/register/batch"): Scope.ENROL,
    ("GET", _FACE): Scope.MANAGE,
    ("POST", f"{_FACE}/{{face_id}}/move"): Scope.MANAGE,
    ("DELETE", f"{_FACE}/{{face_id}}"): Scope.MANAGE,
    ("GET", _PROFILE): Scope.MANAGE,
    ("POST", _PROFILE): Scope.MANAGE,
    ("GET", f"{_PROFILE}/{{profile_id}}"): Scope.MANAGE,
    ("GET", f"{_PROFILE}/{{profile_id}}/export"): Scope.MANAGE,
    ("PATCH", f"{_PROFILE}/{{profile_id}}"): Scope.MANAGE,
    ("DELETE", f"{_PROFILE}/{{profile_id}}"): Scope.MANAGE,
    ("POST", f"{_PROFILE}/{{profile_id}}/merge"): Scope.MANAGE,
    ("GET", _COLLECTION): Scope.MANAGE,
    ("POST", _COLLECTION): Scope.MANAGE,
    ("GET", f"{_COLLECTION}/{{name}}/calibration"): Scope.MANAGE,
    ("PATCH", f"{_COLLECTION}/{{name}}"): Scope.MANAGE,
    ("DELETE", f"{_COLLECTION}/{{name}}"): Scope.MANAGE,
    ("GET", "/api/gallery/check"): Scope.MANAGE,
    ("GET", _KEY): Scope.ADMIN,
    ("POST", _KEY): Scope.ADMIN,
    ("PATCH", f"{_KEY}/{{key_id}}"): Scope.ADMIN,
    ("POST", f"{_KEY}/{{key_id}}/rotate"): Scope.ADMIN,
    ("DELETE", f"{_KEY}/{{key_id}}"): Scope.ADMIN,
    ("GET", "/api/audit"): Scope.ADMIN,
    ("GET", "/api/model"): ANY_KEY,
    ("GET", "/metrics"): Scope.METRICS,
    ("GET", "/health/live"): PUBLIC,
    ("GET", "/health/ready"): PUBLIC,
    ("GET", "/"): PUBLIC,
    ("GET", "/console"): PUBLIC,
    ("GET", "/openapi.json"): PUBLIC,
}
"""By method and path template: the scope that a key needs. What is not in it needs an administrator's key."""


@dataclass(frozen=True, slots=True)
class BrowserRules:
    """Which web pages may use the service; against cross-site requests and DNS rebinding."""

    hosts: frozenset[str]
    """Host names of the service, besides the loopback names and any IP address, which no other site can claim."""
    origins: frozenset[str]
    """Origins of other sites whose pages may send requests, as in the header Origin."""

    def check(self, host: str | None, origin: str | None) -> None:
        """Check the headers Host and Origin.

        Raises:
            AccessDenied: the host is not ours, or a page of another site has sent the request.
        """
        name = _host_name(host or "")
        if host is not None and not (name in self.hosts or name in _LOOPBACK_NAMES or _is_address(name)):
            raise AccessDenied(
                "The service is not known by this host name: FACE_ALLOWED_HOSTS has to name it."
            )
        if origin is None or origin in self.origins:
            return
        if not _same_site(host or "", origin):
            raise AccessDenied(
                "Pages of this origin may not use the service: FACE_CORS_ORIGINS has to name it."
            )


class AccessGuard:
    """Checks host, origin, API key, limits, scope and collection, in this order."""

    def __init__(self, authenticate: Authenticate, limit: LimitClients, rules: BrowserRules) -> None:
        self._authenticate = authenticate
        self._limit = limit
        self._rules = rules

    async def __call__(self, request: AnyRequest, handler: BaseRouteHandler) -> None:
        """Let the request pass; `caller_of` tells then who sent it.

        Raises:
            AccessDenied: the host, the origin or the scope is wrong.
            Unauthenticated: there is no valid key.
            RateLimited: the client has sent too many requests.
            Busy: the client has had more than its share, and too many wait.
            CollectionNotFound: the key does not see the collection.
            InvalidInput: the form is malformed.
            Unavailable: keys can't be read.
        """
        scope, headers = request.scope, request.headers
        self._rules.check(headers.get("host"), headers.get("origin"))
        method = str(scope.get("method"))
        needed = required_access(method, scope["path_template"])
        if needed == PUBLIC or method == "OPTIONS":
            return
        caller = await self._authenticate.execute(secret_of(headers))
        scope["state"][_CALLER] = caller
        # What nobody with a key has sent is in the access log alone: anybody could fill the audit trail.
        # Parameters are not read before the form is: they would be remembered without those of the form.
        awaited = method == "DELETE" or (needed is Scope.ADMIN and method != "GET")
        known = audit_operation(scope, _operation(handler), awaited=awaited)
        known["key_id"] = caller.key_id
        record_of(scope).quota = await self._limit.admit(_holder(request, caller), caller.limits)
        if isinstance(needed, Scope):
            caller.grant.require(needed)
        # Forms are read here, once for all operations, because they may name the collection.
        await read_form(request)
        collections = _collections(request, handler)
        known.update(_parameters(request, needed, collections))
        for collection in collections:
            caller.grant.require_collection(collection)


@lru_cache(maxsize=256)
def _operation(handler: BaseRouteHandler) -> str:
    return handler.handler_name


def required_access(method: str, template: str) -> Scope | str:
    """What an operation needs; pages and their files need no key."""
    if (needed := ACCESS.get((method, template.removesuffix(JSON_PATH)))) is not None:
        return needed
    return Scope.ADMIN if template.startswith("/api") else PUBLIC


def caller_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Caller:
    """Who sent a request that has passed the guard."""
    caller: Caller = connection.scope["state"][_CALLER]
    return caller


def own_key(connection: ASGIConnection[Any, Any, Any, Any], idempotency_key: str | None) -> str | None:
    """An idempotency key as it is stored: that of one API key is not that of another."""
    return None if idempotency_key is None else f"{caller_of(connection).key_id or 0}:{idempotency_key}"


def _holder(request: AnyRequest, caller: Caller) -> str:
    """Whose requests are counted together: a key's or, without keys, those of an address or an IPv6 network."""
    if caller.key_id is not None:
        return f"key {caller.key_id}"
    client = request.scope.get("client")
    return client_at(client[0] if client else "")


def _collections(request: AnyRequest, handler: BaseRouteHandler) -> list[str]:
    """The collections that the request is about, none if it is about none; the query has those of its form too."""
    if request.scope["path_template"].startswith(_COLLECTION):
        return [request.path_params["name"]] if "name" in request.path_params else []
    if "collection" not in query_parameters(handler):
        return []
    named = request.query_params.getall("collection", [])
    return [str(name) for name in named] or [DEFAULT_COLLECTION]


def _parameters(request: AnyRequest, needed: Scope | str, collections: list[str]) -> dict[str, object]:
    """What the audit entry has of the request's parameters."""
    collection = next(iter(collections), "")
    collected = needed not in {Scope.DETECT, Scope.ADMIN} and re.fullmatch(COLLECTION_PATTERN, collection)
    known: dict[str, object] = {"collection": collection if collected else None}
    if given := {**request.query_params, **request.path_params}:
        known["profile_ids"] = tuple(map(ProfileId, [*_ids(given, "profile_id"), *_ids(given, "into")]))
        known["face_ids"] = tuple(map(FaceId, _ids(given, "face_id")))
        known["target_keys"] = tuple(map(KeyId, _ids(given, "key_id"))) if needed is Scope.ADMIN else ()
    return known


def _ids(given: Mapping[str, object], name: str) -> list[int]:
    """The ids that a request names: of its path, or else of its parameters."""
    text = str(given.get(name, ""))
    return [int(text)] if text.isascii() and text.isdecimal() and 1 <= int(text[:17]) <= MAX_ID else []


def secret_of(headers: Mapping[str, str]) -> str | None:
    """The key that a request brings."""
    if (secret := headers.get(_KEY_HEADER)) is not None:
        return secret.strip()
    authorization = headers.get("authorization", "")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        return authorization[len(_BEARER) :].strip()
    return None


@lru_cache(256)
def _host_name(netloc: str) -> str:
    """The host in lower case, without port, brackets and final dot."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _same_site(host: str, origin: str) -> bool:
    """Whether an origin has the host and the port that a request was sent to; proxies may end TLS."""
    try:
        page = urlsplit(origin)
        here = urlsplit(f"//{host}")
        default = {"http": 80, "https": 443}[page.scheme]
        same = (page.hostname, page.port or default) == (here.hostname, here.port or default)
    except (KeyError, ValueError):
        return False
    return same


@lru_cache(256)
def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
