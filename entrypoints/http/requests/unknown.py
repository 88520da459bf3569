"""Names in requests that an operation doesn't know: what is sent under them would be ignored silently."""

from collections.abc import Collection

import msgspec
from msgspec import Raw

from domain.errors import InvalidInput
from entrypoints.bootstrap.unknown_names import suggestion

_MAX_SHOWN = 40


def refuse_unknown(name: str, known: Collection[str], what: str) -> None:
    """Refuse a name that is not known.

    Raises:
        InvalidInput: it is none of them; the message has it, and the one most like it.
    """
    if name not in known:
        shown = name[:_MAX_SHOWN] or "A name that is empty"
        raise InvalidInput(f"{shown}: there is no such {what}.{suggestion(name, known)}")


def refuse_unknown_keys(body: bytes, known: Collection[str], parameters: Collection[str]) -> None:
    """Refuse a JSON object with a key that is not known; what is no object is left to the reader of it.

    Raises:
        InvalidInput: it has one.
    """
    try:
        keys = msgspec.json.decode(body, type=dict[str, Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return
    for key in keys:
        if key in parameters and key not in known:
            raise InvalidInput(f"{key}: it is a parameter: send it in the address, not in the JSON object.")
        refuse_unknown(key, known, "key in the JSON object")
