"""How fast the rest of a body is read that nobody wants, because its request has been answered."""

UNREAD_BYTES_S = 50_000_000
"""Of all connections of an address together; to read and drop them takes a hundredth of a core."""
MANY = 1000
"""Addresses, from which on those are forgotten that may go on."""


class UnreadBodies:
    """Paces what is dropped: a request with a wrong address is refused at once, but its body still has to be read.

    To close the connection instead would take the answer from clients that read it once they have sent all.
    """

    def __init__(self) -> None:
        self._read_until: dict[str, float] = {}
        """By address: when what was dropped would have been read at the pace, by the event loop's clock."""

    def pause_s(self, address: str, size: int, now: float) -> float:
        """For how long nothing more may be read on a connection that has dropped so many bytes."""
        until = max(now, self._read_until.get(address, now)) + size / UNREAD_BYTES_S
        self._read_until[address] = until
        if len(self._read_until) > MANY:
            self._read_until = {each: until for each, until in self._read_until.items() if until > now}
        return until - now
