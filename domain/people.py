"""People (profiles in the API), their enrolled faces, and collections."""

import re
import unicodedata
from dataclasses import dataclass
from typing import NewType, TypeAlias

from domain.errors import InvalidCollection, InvalidName
from domain.metadata import Metadata
from domain.retention import KEEP, Retention

ProfileId = NewType("ProfileId", int)
"""A person's id: 1 to MAX_ID."""

FaceId = NewType("FaceId", int)
"""An enrolled face's id: 1 to MAX_ID."""

PersonName: TypeAlias = str
"""A person's name; `person_name` gives its canonical form."""

MAX_ID = 2**53 - 1
"""The largest integer up to which doubles, and so JavaScript, are exact."""

MAX_NAME_LENGTH = 200
MAX_NAME_BYTES = 2048
"""In UTF-8, before normalisation. Enough for 200 decomposed characters (Hangul: 9 bytes each).

Checked first, because normalisation sorts runs of combining marks in quadratic time.
"""

_SURROGATES = re.compile(r"[\ud800-\udfff]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
"""Unicode's category Cc."""
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
_EDGES = re.compile(rf"^[\s{_INVISIBLE}]+|[\s{_INVISIBLE}]+$")
"""White space, and what nobody sees: byte order marks, zero-width spaces and joiners, marks of direction."""

DEFAULT_COLLECTION = "default"
"""Always exists."""

COLLECTION_PATTERN = "^[a-z0-9][a-z0-9_-]{0,62}$"
COLLECTION_RULE = (
    "A collection's name has 1 to 63 lower-case letters, digits, - and _, a letter or digit first."
)


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of people with unique names; searches never cross collections."""

    name: str
    profiles: int
    """The number of people."""
    retention: Retention = KEEP


@dataclass(frozen=True, slots=True)
class Profile:
    """A person. Ids rise and are never reused."""

    id: ProfileId
    collection: str
    name: str
    metadata: Metadata
    faces: int
    """The number of enrolled faces, of all models."""


@dataclass(frozen=True, slots=True)
class Face:
    """One enrolled embedding of a profile, without the embedding itself.

    Ids rise and are never reused.
    """

    id: FaceId
    profile_id: ProfileId
    name: str
    recognition_model: str
    detection_model: str
    collection: str


def person_name(text: str) -> PersonName:
    """The canonical form of a person's name: NFC, nothing invisible around it.

    Names are stored and looked up in this form. Within a name, joiners and marks of direction belong to some scripts.

    Raises:
        InvalidName: empty, longer than 200 characters or 2,048 bytes, or with control characters.
    """
    name = _normalised(text)
    if not name:
        raise InvalidName("The name is empty.")
    if len(name) > MAX_NAME_LENGTH:
        raise _too_long()
    if _SURROGATES.search(name):
        raise InvalidName("The name is not UTF-8.")
    if _CONTROLS.search(name):
        raise InvalidName("The name has control characters.")
    return name


def name_prefix(text: str) -> str | None:
    """The canonical form of a name's prefix; None if it is empty.

    Raises:
        InvalidName: longer than 2,048 bytes.
    """
    return _normalised(text) or None


def collection_name(text: str) -> str:
    """Check the name of a collection, and return it.

    Raises:
        InvalidCollection: it does not match COLLECTION_PATTERN.
    """
    if not re.fullmatch(COLLECTION_PATTERN, text):
        raise InvalidCollection(COLLECTION_RULE)
    return text


def _normalised(text: str) -> str:
    text = text.strip()
    if len(text) > MAX_NAME_BYTES or len(text.encode(errors="surrogatepass")) > MAX_NAME_BYTES:
        raise _too_long()
    return _EDGES.sub("", unicodedata.normalize("NFC", text))


def _too_long() -> InvalidName:
    return InvalidName(f"The name is longer than {MAX_NAME_LENGTH} characters.")
