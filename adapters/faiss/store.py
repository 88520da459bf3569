"""The indexes of all galleries, in one folder."""

import fcntl
import logging
import os
import shutil
import weakref
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from adapters.faiss.files import IndexFolder
from adapters.faiss.index import FaissGalleryIndex
from application.ports.index import GalleryKey

_LOCK = "lock"

logger = logging.getLogger(__name__)


class FaissGalleryIndexes:
    """Implements GalleryIndexes. Each has a folder below one that only its owner can read: codes are biometric data.

    The first process that opens an index owns the folder as long as it lives; whoever else shares the data
    directory begins with what was saved last, and saves nothing. One that can't be written is like somebody
    else's.
    """

    def __init__(self, path: Path, tail_rows: int | None = None) -> None:
        """`tail_rows` as in FaissGalleryIndex."""
        self._path = path
        self._tail_rows = tail_rows
        self._owned: bool | None = None
        self._release: Callable[[], object] = lambda: None

    def open(self, gallery: GalleryKey) -> FaissGalleryIndex:
        """See GalleryIndexes. About 0.3 s for a million faces of 128 numbers."""
        folder = IndexFolder(self._path / _name(gallery))
        index = FaissGalleryIndex(gallery, folder if self._own() else None, self._tail_rows)
        saved = folder.load(gallery)
        if saved is not None:
            index.restore(saved)
        return index

    def new(self, gallery: GalleryKey) -> FaissGalleryIndex:
        """See GalleryIndexes."""
        if not self._own():
            return FaissGalleryIndex(gallery, None, self._tail_rows)
        folder = IndexFolder(self._path / _name(gallery))
        folder.remove()
        return FaissGalleryIndex(gallery, folder, self._tail_rows)

    def keep_only(self, galleries: set[GalleryKey]) -> None:
        """See GalleryIndexes."""
        if self._path.exists() and self._own():
            for entry in self._path.iterdir():
                if entry.name not in {_LOCK, *map(_name, galleries)}:
                    shutil.rmtree(entry, ignore_errors=True)

    def close(self) -> None:
        """See GalleryIndexes."""
        self._release()
        self._owned = None

    def _own(self) -> bool:
        if self._owned is None:
            self._owned = self._lock()
            if not self._owned:
                logger.info("%s is another process's or can't be written: indexes aren't saved", self._path)
        return self._owned

    def _lock(self) -> bool:
        """Whether the folder is ours from now on, until this object or the process goes."""
        with suppress(OSError):
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self._path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._release = weakref.finalize(self, os.close, lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False


def _name(gallery: GalleryKey) -> str:
    key = f"{gallery.collection}/{gallery.model}/{gallery.dimensions}"
    return blake2b(key.encode(), digest_size=8).hexdigest()
