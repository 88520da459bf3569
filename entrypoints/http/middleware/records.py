"""What the log says of a request besides its answer. It travels in the request's ASGI scope."""

import random
import re
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from litestar.types import Scope

from domain.limits import Quota

_KEY = "face.record"
_HEADER = b"x-request-id"
_GOOD_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
"""Of an identifier that a client or proxy may choose: it goes into the log and the answer as it is."""


NO_CODE = "-"


@dataclass(slots=True)
class RequestRecord:
    """Collected while a request is answered."""

    id: str
    code: str = NO_CODE
    """Of the error that the answer is."""
    left: bool = False
    """Whether the client left before the answer."""
    audit: tuple[Mapping[str, Any], bool] | None = None
    """Fields of the AuditEvent that are known so far, and whether the entry is written before the answer; None: not
    recorded."""
    quota: Quota | None = None
    """What the client has left; None where requests are unlimited."""


def record_of(scope: Scope) -> RequestRecord:
    """The record of the request; it is made at the first call, with the client's `X-Request-Id` if that will do."""
    state: MutableMapping[str, Any] = scope  # type: ignore[assignment]
    if _KEY not in state:
        given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
        state[_KEY] = RequestRecord(given.decode() if _GOOD_ID.fullmatch(given) else _new_id())
    record: RequestRecord = state[_KEY]
    return record


def _new_id() -> str:
    """16 hexadecimal digits. No secret: asking the system for random bytes would let go of Python's lock."""
    return f"{random.getrandbits(64):016x}"
