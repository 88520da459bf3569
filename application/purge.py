"""The use case: remove what deletions have left behind."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.purge import IndexPurge, StoragePurge


@dataclass(frozen=True, slots=True)
class PurgeDeleted:
    """Removes the bytes of deleted faces and people from the database's files and from saved indexes."""

    storage: StoragePurge
    indexes: IndexPurge

    async def execute(self) -> Sequence[str]:
        """Do it; what couldn't be done, each as a sentence.

        Raises:
            CommandError: others read an older state of the database.
            Unavailable, StorageFull.
        """
        return [*await self.indexes.purge(), *await self.storage.purge()]
