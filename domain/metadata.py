"""User-defined metadata of people: a small JSON object that searches can filter by."""

import json
from collections.abc import Mapping
from typing import TypeAlias, Union

from domain.errors import InvalidMetadata

JSON: TypeAlias = Union[bool, int, float, str, "list[JSON]", "dict[str, JSON]", None]
Metadata: TypeAlias = Mapping[str, JSON]

MAX_METADATA_BYTES = 8192
MAX_METADATA_DEPTH = 16
MAX_FILTER_BYTES = 2048
MAX_FILTER_VALUES = 100
"""Most keys and values in a filter: each may be compared with every value of everybody's metadata."""

_as_json = json.JSONEncoder(ensure_ascii=False).encode

_GREATEST = 2**53
"""Beyond, not every reader of JSON sees the same number (RFC 8259, section 6)."""


def person_metadata(value: Metadata) -> Metadata:
    """Check metadata that is to be stored, and return it.

    Raises:
        InvalidMetadata: longer than 8,192 bytes as JSON in UTF-8, nested deeper than 16, or with a number or
            a character that not every repository can store.
    """
    _check(dict(value), MAX_METADATA_DEPTH)
    if len(_as_json(dict(value)).encode()) > MAX_METADATA_BYTES:
        raise InvalidMetadata(f"The metadata is longer than {MAX_METADATA_BYTES} bytes.")
    return value


def metadata_filter(value: Metadata) -> Metadata:
    """Check a metadata filter, and return it.

    Raises:
        InvalidMetadata: what person_metadata refuses, or more than 2,048 bytes or 100 keys and values.
    """
    person_metadata(value)
    if len(_as_json(dict(value)).encode()) > MAX_FILTER_BYTES:
        raise InvalidMetadata(f"The filter by metadata is longer than {MAX_FILTER_BYTES} bytes.")
    if _values(dict(value)) > MAX_FILTER_VALUES:
        raise InvalidMetadata(f"The filter by metadata has more than {MAX_FILTER_VALUES} keys and values.")
    return value


def contains(whole: JSON, part: JSON) -> bool:
    """Whether `whole` has all that `part` has, as PostgreSQL's `jsonb @> jsonb` decides.

    An object has the keys of the part, each with what it contains there; a list has for each element of the
    part one that contains it; anything else is equal. The order and number of elements mean nothing.
    """
    match whole, part:
        case dict(), dict():
            return all(key in whole and contains(whole[key], value) for key, value in part.items())
        case list(), list():
            return all(any(contains(one, other) for one in whole) for other in part)
        case (bool(), _) | (_, bool()):
            return whole is part
        case _:
            return whole == part


def _check(value: JSON, depth: int) -> None:
    if depth < 0:
        raise InvalidMetadata(f"The metadata is nested deeper than {MAX_METADATA_DEPTH} levels.")
    match value:
        case dict():
            for key, inner in value.items():
                _check(key, depth)
                _check(inner, depth - 1)
        case list():
            for inner in value:
                _check(inner, depth - 1)
        case str() if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise InvalidMetadata("The metadata has a character that can't be stored.")
        # Written so that NaN is refused too.
        case float() | int() if not abs(value) <= _GREATEST:
            raise InvalidMetadata("The metadata has a number beyond 2^53.")
        case _:
            pass


def _values(value: JSON) -> int:
    match value:
        case dict():
            return sum(1 + _values(inner) for inner in value.values())
        case list():
            return sum(1 + _values(inner) for inner in value)
        case _:
            return 0
