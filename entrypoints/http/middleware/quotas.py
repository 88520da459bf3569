"""What clients are told of their quota: RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-10)."""

from litestar.types import HTTPResponseStartEvent

from domain.limits import WINDOW_S, Quota
from entrypoints.http.middleware.headers import add_header


def show_quota(message: HTTPResponseStartEvent, quota: Quota) -> None:
    """Add the headers to the answer of a client whose requests are limited."""
    add_header(message, b"ratelimit-policy", f'"minute";q={quota.limit};w={WINDOW_S}')
    add_header(message, b"ratelimit", f'"minute";r={quota.remaining};t={quota.reset_s}')
