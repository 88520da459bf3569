"""Why something isn't available, for the log: kinds of errors, and no values of requests."""

from collections.abc import Iterator

_TOLD = ("08", "28", "3D", "53", "57", "58")
"""Classes of SQLSTATE whose messages are about the server, not about what was sent (appendix A of its manual)."""

_DEEPEST = 8


def causes(error: BaseException) -> str:
    """An error and what it came from, in one line."""
    return " <- ".join(map(_told, _chain(error)))


def _chain(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_DEEPEST):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__


def _told(error: BaseException) -> str:
    state = getattr(error, "sqlstate", None)
    words = [type(error).__name__]
    if isinstance(state, str):
        words.append(state)
    if isinstance(state, str) and state[:2] in _TOLD:
        words.append(str(getattr(error, "message", None) or ""))
    elif isinstance(error, OSError) and error.strerror:
        words.append(error.strerror)
    return "".join(
        character if character.isprintable() else " " for character in " ".join(filter(None, words))
    )
