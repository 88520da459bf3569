"""Schemas as generators of clients and the documentation page understand them.

What the framework writes for optional values is valid, and trips generators: a union of one schema, a union in a
union, enumerations with null.
"""

from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]

_NULL = {"type": "null"}
_UNIONS = ("oneOf", "anyOf")


def simplified(schema: Schema) -> Schema:
    """The same schema without needless unions and tuples, all the way down."""
    plain = {key: _simplified_value(value) for key, value in schema.items()}
    for union in _UNIONS:
        if union in plain:
            plain = _simplified_union(plain, union)
    prefix = plain.pop("prefixItems", None)
    if prefix:
        plain |= {"items": prefix[0], "minItems": len(prefix), "maxItems": len(prefix)}
    return plain


def without_null(schema: Schema) -> Schema:
    """A simplified schema, of a parameter: one that isn't sent is absent, never null."""
    plain = dict(schema)
    kinds = plain.get("type")
    if isinstance(kinds, list):
        (plain["type"],) = [kind for kind in kinds if kind != "null"]
    if "enum" in plain:
        plain["enum"] = [value for value in plain["enum"] if value is not None]
    for union in _UNIONS:
        if union in plain:
            plain[union] = [part for part in plain[union] if part != _NULL]
            plain = _simplified_union(plain, union)
    return plain


def _simplified_value(value: Any) -> Any:
    if isinstance(value, dict):
        return simplified(value)
    if isinstance(value, list):
        return [_simplified_value(each) for each in value]
    return value


def _simplified_union(schema: Schema, union: str) -> Schema:
    rest = {key: value for key, value in schema.items() if key != union}
    parts: list[Schema] = []
    for part in schema[union]:
        nested = part[union] if set(part) == {union} else [part]
        parts += [each for each in nested if each not in parts]
    if len(parts) == 1:
        return _merged(parts[0], rest)
    if len(parts) == len({"value", "null"}) and _NULL in parts:
        (part,) = [each for each in parts if each != _NULL]
        if isinstance(part.get("type"), str):
            return {**part, "type": [part["type"], "null"], **rest}
    return {union: parts, **rest}


def _merged(part: Schema, rest: Schema) -> Schema:
    """One schema of both; a reference stands alone, or in a list of its own."""
    if "$ref" in part and rest:
        return {"allOf": [part], **rest}
    return {**part, **rest}
