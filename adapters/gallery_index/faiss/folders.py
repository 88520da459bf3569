"""The folders of all saved indexes."""

import fcntl
import logging
import os
import shutil
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

from adapters.gallery_index.faiss.files import IndexFolder
from adapters.gallery_index.faiss.segmented_index import SegmentedIndex
from application.ports.change_feed import GalleryKey

_LOCK = "lock"
_REQUEST = "erase."

logger = logging.getLogger("face.index")


class IndexFolders:
    """A folder that only its owner can read, as codes are biometric data, with one folder an index.

    The first process that opens an index has the lock as long as it lives. Another one that shares the data
    directory, or one that can't write to it, begins with what was saved last and saves nothing.
    """

    def __init__(self, path: Path, growing_rows: int | None = None, *, saves: bool = True) -> None:
        """`growing_rows`: see SegmentedIndex; `saves`: False where embeddings must not be in files."""
        self._path = path
        self._growing_rows = growing_rows
        self._saves = saves
        self._locked: bool | None = None
        self._release: Callable[[], object] = lambda: None

    def open(self, gallery: GalleryKey, *, discard: bool = False) -> SegmentedIndex:
        """See IndexStore. Takes 0.3 s for a million faces of 128 dimensions."""
        if not self._saves:
            return SegmentedIndex(gallery, None, self._growing_rows)
        folder, locked = IndexFolder(self._path / _name(gallery)), self._lock()
        index = SegmentedIndex(gallery, folder if locked else None, self._growing_rows)
        if discard and locked:
            folder.remove()
        if not discard and (saved := folder.load(gallery)) is not None:
            index.restore(saved)
        return index

    def keep_only(self, galleries: set[GalleryKey]) -> None:
        """Delete what was saved of all other galleries, or of all."""
        names = set(map(_name, galleries)) if self._saves else set()
        if self._path.exists() and self._lock():
            for entry in self._path.iterdir():
                if entry.name not in {_LOCK, *names}:
                    shutil.rmtree(entry, ignore_errors=True)

    def purge(self) -> str | None:
        """Delete what is saved, if no service has it open: it is filled anew at the next start.

        Otherwise ask the process that saves it to erase removed faces; the name of the request.
        """
        if not self._path.exists():
            return None
        if self._lock():
            self.keep_only(set())
            self.answer(self.requests())
            self.close()
            return None
        if not any(entry.is_dir() for entry in self._path.iterdir()):
            return None
        request = f"{_REQUEST}{uuid4().hex}"
        (self._path / request).touch(0o600)
        return request

    def pending(self, request: str) -> bool:
        """Whether a request isn't answered yet."""
        return (self._path / request).exists()

    def requests(self) -> list[str]:
        """Requests of other processes to this one, if it has the lock."""
        return [entry.name for entry in self._path.glob(f"{_REQUEST}*")] if self._locked else []

    def answer(self, requests: Sequence[str]) -> None:
        """Remove requests; also those that nobody waits for."""
        for request in requests:
            (self._path / request).unlink(missing_ok=True)

    def close(self) -> None:
        """Release the lock."""
        self._release()
        self._locked = None

    def _lock(self) -> bool:
        """Whether this process has the lock, which it takes if it is free at the first call."""
        if self._locked is None:
            self._locked = False
            with suppress(OSError):
                self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
                lock = os.open(self._path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                # When this object goes, too, so that the folder can be opened by another one of the same process.
                self._release = weakref.finalize(self, os.close, lock)
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._locked = True
            if not self._locked:
                logger.info("%s is locked or can't be written: indexes aren't saved", self._path)
        return self._locked


def _name(gallery: GalleryKey) -> str:
    key = f"{gallery.collection}/{gallery.model}/{gallery.dimensions}"
    return blake2b(key.encode(), digest_size=8).hexdigest()
