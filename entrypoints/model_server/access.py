"""Who may use a model service: other services of ours, by the key that they share, or by their certificates."""

import hmac
from collections.abc import Mapping
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from domain.errors import Unauthenticated
from entrypoints.http.access import BrowserRules, secret_of

HEALTH = "/v2/health/"
"""What orchestrators ask, without a key."""


class ServiceGuard:
    """A Litestar guard: checks the key; where there is none, that no web page sends the request."""

    def __init__(self, key: str, rules: BrowserRules, *, certified: bool = False) -> None:
        """`certified`: whether only clients with a certificate can connect at all."""
        self._key = key.encode()
        self._rules = rules
        self._certified = certified

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """Let the request pass; raises as `check`."""
        self.check(connection.scope["path"], connection.headers)

    def check(self, path: str, headers: Mapping[str, str]) -> None:
        """Let a request to this path pass.

        Raises:
            Unauthenticated: it doesn't bring the key.
            AccessDenied: there is no key, and the host or the origin is wrong.
        """
        if not self._key and self._certified:
            return
        if not self._key:
            self._rules.check(headers.get("host"), headers.get("origin"))
        elif not path.startswith(HEALTH):
            given = (secret_of(headers) or "").encode(errors="replace")
            if not hmac.compare_digest(given, self._key):
                raise Unauthenticated("Send FACE_SERVICE_KEY as Authorization: Bearer.")
