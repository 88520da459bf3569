"""Encryption at rest of embeddings and crops (docs/decisions/0016-encryption-at-rest.md)."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

MARK = 0xF1
"""The first byte of what is sealed: the version of its form. No vector of pgvector and no picture begins with it."""

KEY_ID_BYTES = 4

OVERHEAD = 1 + KEY_ID_BYTES + 12 + 16
"""By how many bytes a sealed content is longer: the mark, the key's id, the nonce and the tag."""


class Kind(StrEnum):
    """What is sealed; one kind can't be opened as another."""

    EMBEDDING = "embedding"
    CROP = "crop"
    VIEWS = "liveness views"
    ARCHIVED_EMBEDDING = "archived embedding"
    ARCHIVED_CROP = "archived crop"
    CHECK = "key check"


class SealBroken(Exception):
    """What was stored can't be opened: it was changed, belongs elsewhere, or its key is not there."""


class Sealing(Protocol):
    """Authenticated encryption with the first of some keys; what the others have sealed can be opened.

    `context` is what the content belongs to, such as a face's id: what is moved elsewhere can't be opened there.
    Both methods may be called by several threads at once.
    """

    key_ids: Sequence[bytes]
    """Derived from the keys, without telling anything of them. The first one seals."""

    def seal(self, kind: Kind, context: str, content: bytes) -> bytes:
        """The content's encryption, OVERHEAD bytes longer than the content; differs each time."""

    def open(self, kind: Kind, context: str, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            SealBroken.
        """


def is_sealed(stored: bytes) -> bool:
    """Whether a vector as pgvector sends it, or a picture, was sealed."""
    return stored[:1] == bytes([MARK])


def face_context(face_id: object, model: str = "") -> str:
    """What binds a content to its face, and an embedding to its model.

    Migrations may append `@` and a number to the name of a model whose embeddings have changed.
    """
    return f"face {face_id} {model.partition('@')[0]}"
