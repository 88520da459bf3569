"""How much one client may ask for."""

from dataclasses import dataclass

from domain.errors import FaceServiceError, InvalidInput

MAX_REQUESTS_PER_MINUTE = 1_000_000
MAX_CONCURRENT_PHOTOS = 10_000

WINDOW_S = 60
"""The minute in which requests are counted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one client, over all processes of a service; 0 is no limit, None the operator's default."""

    requests_per_minute: int | None = None
    """In any 60 seconds."""
    concurrent_photos: int | None = None
    """Photos that are analysed, or wait for it, at once."""

    def __post_init__(self) -> None:
        """Hold the invariant.

        Raises:
            InvalidInput: a limit is negative or too large.
        """
        for value, most, what in (
            (self.requests_per_minute, MAX_REQUESTS_PER_MINUTE, "requests a minute"),
            (self.concurrent_photos, MAX_CONCURRENT_PHOTOS, "concurrent photos"),
        ):
            if value is not None and not 0 <= value <= most:
                raise InvalidInput(f"A limit of {what} is 0, which is none, to {most:,}.")

    def or_else(self, default: "Limits") -> "Limits":
        """These, and the default's where there is none of its own."""
        return Limits(
            default.requests_per_minute if self.requests_per_minute is None else self.requests_per_minute,
            default.concurrent_photos if self.concurrent_photos is None else self.concurrent_photos,
        )


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Quota:
    """What a client has left of its requests."""

    limit: int
    """Requests in 60 seconds."""
    remaining: int
    reset_s: int
    """Seconds until some are given back."""


class RateLimited(FaceServiceError):
    """More requests in a minute than the client may send."""

    code = "rate_limited"

    def __init__(self, quota: Quota) -> None:
        """Say when to come again."""
        self.quota = quota
        super().__init__(
            f"More than {quota.limit} requests in a minute; try again in {quota.reset_s} seconds."
        )


class TooManyPhotos(FaceServiceError):
    """More photos at once than the client may have in work."""

    code = "too_many_photos"
    message = "As many of your photos are in work as may be at once; try again in a moment."
