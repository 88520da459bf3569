"""Which keys what is stored is encrypted with, and changing that."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Part(StrEnum):
    """What can be encrypted where it is stored."""

    FACES = "faces"
    CROPS = "crops"


@dataclass(frozen=True, slots=True)
class Encrypted:
    """How much of a part a key has encrypted."""

    part: Part
    key: str | None
    """The key's id in hexadecimal; None for what is plain."""
    count: int


@dataclass(frozen=True, slots=True)
class Step:
    """One page was converted."""

    last: int | None
    """The last id of the page; None if there was none left."""
    done: int
    broken: Sequence[int]
    """Faces whose content can't be opened: they stay as they are."""


class StoredEncryption(Protocol):
    """The encryption of what is stored. Every method raises Unavailable when the store does not answer."""

    key: str | None
    """The id of the key that encrypts what is stored now; None if nothing does."""

    async def counts(self) -> Sequence[Encrypted]:
        """What there is, without zeros."""

    def alone(self) -> AbstractAsyncContextManager[bool]:
        """Whether no other process converts, and none can until this ends: two keys would take turns for ever."""

    async def convert(self, part: Part, after: int, *, decrypt: bool) -> Step:
        """Encrypt the next page of what the first key hasn't encrypted, or decrypt it, in one transaction.

        What somebody else is changing is left out. Searches find every face throughout.
        """

    async def forget_keys(self, *, decrypt: bool) -> None:
        """Forget the keys other than the first, or all, of which nothing is left.

        Whoever encrypts with a key that others have forgotten can enrol nobody any more.
        """
