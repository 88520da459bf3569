"""Removing what deletions have left behind in files."""

from collections.abc import Sequence
from typing import Protocol


class StoragePurge(Protocol):
    """Of the storage of people and faces."""

    async def purge(self) -> Sequence[str]:
        """Remove the bytes of everything that was deleted before; what couldn't be removed, each as a sentence.

        Requests wait meanwhile.

        Raises:
            CommandError: it can't be done now.
            Unavailable, StorageFull.
        """


class IndexPurge(Protocol):
    """Of saved indexes."""

    async def purge(self) -> Sequence[str]:
        """The same for the files of this machine's indexes, in the service that has them open, if one has."""
