"""Where clients find the service behind a proxy that gives it a part of its own addresses."""

import re
from collections.abc import MutableMapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_KEY = "face.prefix"
_HEADER = b"x-forwarded-prefix"
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def prefix_of(scope: Scope) -> str:
    """What clients put before the service's addresses, such as `/faces`; empty if nothing."""
    state: MutableMapping[str, Any] = scope  # type: ignore[assignment]
    prefix: str = state.get(_KEY, "")
    return prefix


def behind_proxies(
    app: ASGIApp,
    trusted: Sequence[IPv4Network | IPv6Network],
    root_path: str,
    own_folders: set[str],
) -> ASGIApp:
    """Finds the prefix and, by `X-Forwarded-For` and `X-Forwarded-Proto`, the client.

    Args:
        app: what is called then.
        trusted: the proxies whose headers are believed.
        root_path: the prefix of requests that bring no `X-Forwarded-Prefix` of a trusted proxy.
        own_folders: the first segments of the service's addresses. A prefix that begins with another is removed
            from paths, for proxies that leave it there.
    """
    forwarded: Any = ProxyHeadersMiddleware(app, [str(network) for network in trusted])  # type: ignore[arg-type]

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        state: MutableMapping[str, Any] = dict(scope)
        prefix = root_path
        from_proxy = _trusted(_host_of(scope))
        if from_proxy:
            prefix = next((_prefix(value) for name, value in scope["headers"] if name == _HEADER), root_path)
        state[_KEY] = prefix
        below = f"{scope['path']}/".startswith(f"{prefix}/")
        if prefix and below and prefix.split("/")[1] not in own_folders:
            state["path"] = scope["path"].removeprefix(prefix) or "/"
            state["raw_path"] = scope["raw_path"].removeprefix(prefix.encode()) or b"/"
        await (forwarded if from_proxy else app)(state, receive, send)  # type: ignore[arg-type]

    @lru_cache(1024)
    def _trusted(host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in trusted)

    return answered


def _host_of(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _prefix(header: bytes) -> str:
    """What a proxy says; nothing if that is no path."""
    prefix = header.decode("latin-1").strip().rstrip("/")
    return prefix if _PREFIX.fullmatch(prefix) else ""
