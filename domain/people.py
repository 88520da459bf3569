"""Whom the service knows: people (profiles), their enrolled faces, and how near a probe came to them."""

import re
import unicodedata
from dataclasses import dataclass
from typing import NewType, TypeAlias

from domain.errors import InvalidCollection, InvalidName
from domain.metadata import Metadata

ProfileId = NewType("ProfileId", int)
"""A person's id: 1 to MAX_ID."""

FaceId = NewType("FaceId", int)
"""An enrolled face's id: 1 to MAX_ID."""

PersonName: TypeAlias = str
"""A person's name; `person_name` gives its canonical form."""

MAX_ID = 2**53 - 1
"""The greatest integer up to which a double, and so JavaScript, has them all."""

MAX_NAME_LENGTH = 200
MAX_NAME_BYTES = 2048
"""In UTF-8, before normalisation: more than 200 characters take when they are decomposed (Hangul: 9 bytes each).

Normalisation puts runs of combining marks in order by insertion, which is quadratic in their length.
"""

DEFAULT_COLLECTION = "default"
"""Always there."""

COLLECTION_PATTERN = "^[a-z0-9][a-z0-9_-]{0,62}$"
COLLECTION_RULE = (
    "A collection's name has 1 to 63 lower-case letters, digits, - and _, a letter or digit first."
)


@dataclass(frozen=True, slots=True)
class Collection:
    """People among whom names are unique and searches are made; two collections never meet."""

    name: str
    profiles: int
    """The number of people."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A person. An id is greater than those given before it, and is never given again."""

    id: ProfileId
    collection: str
    name: str
    metadata: Metadata
    faces: int
    """The number of enrolled faces, of all models."""


@dataclass(frozen=True, slots=True)
class Face:
    """One enrolled embedding of a profile, without the embedding itself.

    An id is greater than those given before it, and is never given again.
    """

    id: FaceId
    profile_id: ProfileId
    name: str
    recognition_model: str
    detection_model: str
    collection: str


@dataclass(frozen=True, slots=True)
class Match:
    """An enrolled face and how near the probe came to it."""

    face: Face
    similarity: float
    """Cosine, in [-1, 1]."""

    @property
    def distance(self) -> float:
        """1 - similarity, in [0, 2]."""
        return 1.0 - self.similarity


def person_name(text: str) -> PersonName:
    """The canonical form of a person's name: NFC, no white space around it.

    Names are stored and looked up in this form.

    Raises:
        InvalidName: empty, longer than 200 characters or 2,048 bytes, or with control characters.
    """
    name = _normalised(text)
    if not name:
        raise InvalidName("The name is empty.")
    if len(name) > MAX_NAME_LENGTH:
        raise _too_long()
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise InvalidName("The name has control characters.")
    return name


def name_prefix(text: str) -> str | None:
    """What the canonical names of people begin with; None if that is nothing.

    Raises:
        InvalidName: longer than 2,048 bytes.
    """
    return _normalised(text) or None


def collection_name(text: str) -> str:
    """`text`, if it can name a collection.

    Raises:
        InvalidCollection: it isn't 1 to 63 lower-case letters, digits, `-` and `_`, a letter or digit first.
    """
    if not re.fullmatch(COLLECTION_PATTERN, text):
        raise InvalidCollection(COLLECTION_RULE)
    return text


def _normalised(text: str) -> str:
    text = text.strip()
    if len(text) > MAX_NAME_BYTES or len(text.encode(errors="surrogatepass")) > MAX_NAME_BYTES:
        raise _too_long()
    return unicodedata.normalize("NFC", text).strip()


def _too_long() -> InvalidName:
    return InvalidName(f"The name is longer than {MAX_NAME_LENGTH} characters.")
