"""Removing deleted faces from the files of indexes, from another process than the service's."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from typing_extensions import override

from adapters.gallery_index.faiss.folders import IndexFolders
from application.ports.purge import IndexPurge

ANSWER_S = 120.0
"""For a service to read all changes, and to write its indexes."""
_POLL_S = 0.1


class IndexFilesPurge(IndexPurge):
    """Deletes the files, or has the running service write them anew."""

    def __init__(self, path: Path, patience_s: float = ANSWER_S) -> None:
        self._path = path
        self._patience_s = patience_s

    @override
    async def purge(self) -> Sequence[str]:
        folders = IndexFolders(self._path)
        request = await asyncio.to_thread(folders.purge)
        deadline = time.monotonic() + self._patience_s
        while request is not None and folders.pending(request):
            if time.monotonic() > deadline:
                folders.answer([request])
                return ["Index files: the service is still filling them. Try again when it is ready."]
            await asyncio.sleep(_POLL_S)
        return []
