"""Headers of answers, as they are sent: names in lower case, as ASGI asks for.

The framework's mapping of them decodes all names for each that is looked for.
"""

from litestar.types import HTTPResponseStartEvent


def add_header(message: HTTPResponseStartEvent, name: bytes, value: str) -> None:
    """Add a header that the answer doesn't have."""
    message["headers"] = [*message["headers"], (name, value.encode("latin-1"))]
