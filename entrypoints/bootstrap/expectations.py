"""What a setting may be, in words."""

from collections.abc import Sequence
from typing import Any

from msgspec import inspect


def expected_value(kind: Any) -> str:
    """Words for the values of a type, to follow "it must be".

    Args:
        kind: a boolean, a number with bounds, a choice, or text whose `Meta` describes it.
    """
    match inspect.type_info(kind):
        case inspect.Metadata(extra_json_schema={"description": str(words)}):
            return words
        case inspect.BoolType():
            return "true or false"
        case inspect.EnumType(cls=cls):
            return _either([str(member.value) for member in cls])
        case inspect.LiteralType(values=values):
            return _either([str(value) for value in values])
        case inspect.IntType() | inspect.FloatType() as number:
            what = "a whole number" if isinstance(number, inspect.IntType) else "a number"
            return what + _bounds(number)
    return "text"


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _bounds(number: inspect.IntType | inspect.FloatType) -> str:
    bounds = ((number.ge, "at least"), (number.gt, "above"), (number.le, "at most"), (number.lt, "below"))
    words = [f"{word} {bound:,.10g}" for bound, word in bounds if bound is not None]
    return f", {' and '.join(words)}" if words else ""
