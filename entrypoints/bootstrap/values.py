"""The values of settings, from text to their types; what a setting may be, in words."""

import math
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args, get_origin

import msgspec
from msgspec import Meta, inspect

from application.errors import StartupError
from domain.quality import LENIENT, NO_BOUNDS, STRICT, Measure, QualityBounds

IPNetwork: TypeAlias = IPv4Network | IPv6Network

_PORT = r"(6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[0-5]?\d{1,4})"
AUTHORITY = rf"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/\s?#@]+)(:{_PORT})?"
"""Of an address: host and port, without a user."""

HostName = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9._-]+$", description="host names such as faces.example.org, without a port"),
]
"""As in the header Host; international names are in Punycode there."""

Origin = Annotated[
    str,
    Meta(
        pattern=rf"^https?://{AUTHORITY}/?$", description="https://name or http://name:port, without a path"
    ),
]
"""Scheme, host and port of a web page's address."""

ServiceUrl = Annotated[
    str,
    Meta(
        pattern=rf"^https?://{AUTHORITY}(/v2/models/[A-Za-z0-9._-]{{1,100}})?/?$",
        description="http://name:port or https://name, and maybe /v2/models/NAME",
    ),
]
"""Of a model service; with a path, of one of its models."""

EncryptionKey = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$",
        description="the base64 of 32 bytes, or several of them with commas",
    ),
]

PROFILES = {"off": NO_BOUNDS, "lenient": LENIENT, "strict": STRICT}
"""Sets of quality bounds to begin with; the default where none is named."""


def parse_value(key: str, text: str, field: msgspec.structs.FieldInfo) -> object:
    """Convert the text of a setting to its type.

    Raises:
        StartupError: it is no value of that type; the message names the key.
    """
    kind = field.type
    if kind is QualityBounds:
        return _bounds(key, text, field.default)
    if kind == list[IPNetwork]:
        return _networks(key, text)
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        return [_convert(key, word, item) for word in _words(text)]
    if kind == dict[str, str]:
        return _pairs(key, text)
    if kind in {Path, Path | None}:
        return Path(text).expanduser().absolute()
    return _convert(key, text, kind)


def _convert(key: str, text: str, kind: Any) -> object:
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        raise StartupError(f"{key}: it must be {expected_value(kind)} (it is {_shown(key, text)})") from None


def _bounds(key: str, text: str, default: QualityBounds) -> QualityBounds:
    try:
        return parse_bounds(text, default)
    except ValueError as error:
        raise StartupError(f"{key}: {error} (it is {text!r})") from None


def parse_bounds(text: str, default: QualityBounds) -> QualityBounds:
    """Parse `profile,measure=bound,measure=off`, such as `strict,yaw=45`; later words override earlier ones.

    Raises:
        ValueError: a word is unknown or no number; the message names it.
    """
    bounds = default
    for word in _words(text):
        name, _, limit = map(str.strip, word.partition("="))
        if word in PROFILES:
            bounds = PROFILES[word]
        elif name not in set(Measure) or not limit:
            known = ", ".join([*PROFILES, *(f"{measure}=" for measure in Measure)])
            raise ValueError(f"unknown word {word!r}; known: {known}")
        else:
            bounds = bounds.but({Measure(name): None if limit == "off" else _number(limit)})
    return bounds


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"a bound is a number or off, not {text!r}")
    return value


def _networks(key: str, text: str) -> list[IPNetwork]:
    try:
        return [ip_network(word, strict=False) for word in _words(text)]
    except ValueError:
        raise StartupError(
            f"{key}: it must be addresses or networks, such as 10.0.0.0/8,::1 (it is {text!r})"
        ) from None


def _pairs(key: str, text: str) -> dict[str, str]:
    pairs = {}
    for pair in _words(text):
        name, _, model = map(str.strip, pair.partition("="))
        if not name or not model:
            raise StartupError(f"{key}: it must be name=model,name=model (it is {text!r})")
        pairs[name] = model
    return pairs


def _words(text: str) -> list[str]:
    return [word for word in map(str.strip, text.split(",")) if word]


def _shown(key: str, text: str) -> str:
    """A database URL carries a password, and keys and tokens are like one: they are never repeated."""
    return "not shown" if key.endswith(("_URL", "_KEY", "_TOKEN")) else repr(text)


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
            return what + _range(number)
    return "text"


def _either(words: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _range(number: inspect.IntType | inspect.FloatType) -> str:
    bounds = ((number.ge, "at least"), (number.gt, "above"), (number.le, "at most"), (number.lt, "below"))
    words = [f"{word} {bound:,.10g}" for bound, word in bounds if bound is not None]
    return f", {' and '.join(words)}" if words else ""
