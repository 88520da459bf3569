"""Removing what deletions have left behind in files."""

from collections.abc import Sequence
from typing import Protocol


class Purge(Protocol):
    """Of the storage of people and faces, or of the files of this machine's indexes."""

    async def purge(self) -> Sequence[str]:
        """Remove the bytes of everything that was deleted before; what couldn't be removed, each as a sentence.

        Requests wait meanwhile. A service that has files open is asked to do it itself.

        Raises:
            CommandError: it can't be done now.
            Unavailable, StorageFull.
        """
