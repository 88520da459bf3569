"""What is wrong with a value of a request, in words of ours: those of the framework's validation are Python's."""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Literal, get_args, get_origin

import msgspec
from litestar.handlers import BaseRouteHandler

from entrypoints.http.requests.signatures import parameters_of

BODY = "data"
"""The framework's name for a body."""

_KINDS = {
    "str": "text",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
_BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}


def describe(handler: BaseRouteHandler, problem: Mapping[str, str]) -> str:
    """One line about a value that was refused: its name, and what it has to be.

    Args:
        handler: for which the request was.
        problem: an entry of ValidationException.extra.
    """
    key, message = problem.get("key", "request"), problem.get("message", "")
    if missing := re.fullmatch("Object missing required field `(.+)`", message):
        return f"{missing[1] if key == BODY else f'{key}.{missing[1]}'}: it is required"
    return f"{'The body' if key == BODY else key}: {_words(message, _choices(handler, key))}"


def _words(message: str, choices: list[str]) -> str:
    for pattern, words in _WORDS.items():
        if match := re.match(pattern, message):
            return words(match)
    if message.startswith("Invalid enum value") and choices:
        return f"it has to be one of {', '.join(choices)}"
    return "it is not valid"


_WORDS: dict[str, Callable[[re.Match[str]], str]] = {
    "Expected `([^`]+)`, got": lambda match: f"it has to be {_kinds(match[1])}",
    "Expected `(?:int|float)` ([<>]=?) (.+)": lambda match: (
        f"it has to be {_BOUNDS[match[1]]} {match[2].removesuffix('.0')}"
    ),
    "Expected `.+` of length ([<>]=?) (.+)": lambda match: (
        f"its length has to be {_BOUNDS[match[1]]} {match[2]}"
    ),
    "Invalid RFC3339 encoded datetime": lambda _: "not a time as in 2026-11-28T09:30:00Z",
}
"""Patterns of msgspec's messages, and what is said instead."""


def _kinds(names: str) -> str:
    return " or ".join(_KINDS.get(name, name) for name in names.split(" | ") if name != "null") or "null"


def _choices(handler: BaseRouteHandler, key: str) -> list[str]:
    """The values that a parameter, or a key of the JSON object, may have if it has one of few."""
    name = re.split(r"[.\[]", key, maxsplit=1)[0]
    parameters = parameters_of(handler)
    if name in parameters:
        return _values(parameters[name].annotation)
    fields = msgspec.structs.fields(parameters[BODY].annotation) if BODY in parameters else ()
    return [value for field in fields if field.encode_name == name for value in _values(field.type)]


def _values(kind: Any) -> list[str]:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return [str(member.value) for member in kind]
    if get_origin(kind) is Literal:
        return list(map(str, get_args(kind)))
    return [value for argument in get_args(kind) for value in _values(argument)]
