"""What `face-api purge` can do for an index that is elsewhere."""

from collections.abc import Sequence

from typing_extensions import override

from application.ports.purge import IndexPurge


class SharedIndexPurge(IndexPurge):
    """Deleted faces are not searched any more; only the engine itself can remove their bytes."""

    @override
    async def purge(self) -> Sequence[str]:
        return [
            "The index of FACE_INDEX_URL: Milvus removes deleted faces from its files when it compacts them."
        ]
