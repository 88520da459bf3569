"""Says in the log why something isn't available: kinds of errors, and no values of requests."""

from collections.abc import Iterator

from domain.errors import Unavailable

_SERVER_CLASSES = ("08", "28", "3D", "53", "57", "58")
"""Classes of SQLSTATE whose messages are about the server, not about what was sent (appendix A of its manual)."""

_MAX_DEPTH = 8


def describe_causes(error: BaseException) -> str:
    """An error and its chain of causes, in one line."""
    return " <- ".join(map(_describe, _chain(error)))


def _chain(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_MAX_DEPTH):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__


def _describe(error: BaseException) -> str:
    state = getattr(error, "sqlstate", None)
    words = [type(error).__name__]
    if isinstance(state, str):
        words.append(state)
    if isinstance(error, Unavailable):
        words.append(str(error))  # about the service; clients are told as much
    elif isinstance(state, str) and state[:2] in _SERVER_CLASSES:
        words.append(str(getattr(error, "message", None) or ""))
    elif isinstance(error, OSError) and error.strerror:
        words.append(error.strerror)
    line = " ".join(filter(None, words))
    return "".join(character if character.isprintable() else " " for character in line)
