"""What clients are told of their quota: RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10)."""

from litestar.types import Message, Scope

from domain.limits import WINDOW_S
from entrypoints.http.middleware.headers import add_header
from entrypoints.http.middleware.records import record_of


async def show_quota(message: Message, scope: Scope) -> None:
    """Add the headers where the client's requests are limited."""
    if message["type"] == "http.response.start" and (quota := record_of(scope).quota):
        add_header(message, b"ratelimit-policy", f'"minute";q={quota.limit};w={WINDOW_S}')
        add_header(message, b"ratelimit", f'"minute";r={quota.remaining};t={quota.reset_s}')
