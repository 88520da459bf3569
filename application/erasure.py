"""Receipts for deletions, and removing the bytes of what was deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from application.ports.purge import IndexPurge, StoragePurge
from domain.erasure import ErasedKind, ErasureReceipt, Remnant, Removed

ANSWERS = Remnant(
    "idempotency_answers", "they are a day old and another request with a key comes, or face-api purge"
)
"""They have ids and names; of requests before the deletion."""

COPIES = Remnant("operator_copies", "you delete your backups, exports, replicas and other copies")
"""What the service can't know of."""


def audit_remnant(days: int, *, names: bool) -> Remnant:
    """The audit trail's: it explains ids of those who are gone."""
    what = "ids and names" if names else "ids"
    return Remnant("audit_entries", f"they are removed by age; they have {what}", timedelta(days=days))


@dataclass(frozen=True, slots=True)
class ReceiptWriter:
    """Writes receipts for what this instance deletes."""

    remnants: Sequence[Remnant]
    """The places where this instance, as it is configured, leaves something."""

    def receipt(
        self, kind: ErasedKind, collection: str, removed: Removed, identifier: int | None = None
    ) -> ErasureReceipt:
        """Of a deletion that has just been made."""
        return ErasureReceipt(kind, collection, identifier, removed, datetime.now(UTC), self.remnants)


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
