"""Counters of what each client asks for, which all processes of a service share."""

from typing import Protocol

from domain.limits import Quota


class LimitCounters(Protocol):
    """Counts requests and photos by holder, a text that names whose they are.

    Its methods take microseconds and are called in the event loop's thread only.
    """

    def count_request(self, holder: str, limit: int) -> tuple[bool, Quota]:
        """Count a request unless `limit` were counted in the last 60 seconds; whether it was, and what is left.

        Where it was not, `reset_s` is the time until one will be.
        """

    def take_photo(self, holder: str, limit: int) -> bool:
        """Take one of `limit` places for photos; whether one was free."""

    def give_back_photos(self, holder: str, number: int) -> None:
        """Give places back that this process has taken."""
