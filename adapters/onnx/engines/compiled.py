"""Networks as an engine has compiled them: kept on disk, and mapped into memory by everybody who runs them."""

import hashlib
import logging
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from adapters.system.locks import exclusive

logger = logging.getLogger("face.models")

GRAPH = "graph.onnx"
"""Of an entry; its weights are in files beside it."""
_SUMS = "SHA256SUMS"
"""Of an entry's other files, as `sha256sum --check` reads them."""
_MOST_KEPT = 4
"""Entries of a network, each for another machine or version; the oldest goes."""


@dataclass(frozen=True, slots=True)
class CompiledNetworks:
    """A folder of them. Any number of threads and processes may use it at a time: one compiles, the others wait.

    An entry is made once, and its files are never written again: whoever has mapped them keeps them.
    """

    folder: Path
    made_for: str
    """The processor and the engine's version: elsewhere an entry might give other numbers, or end the process."""

    def graph(self, model: bytes, compile_into: Callable[[bytes, Path], None]) -> Path | None:
        """The compiled form of a prepared model; None if it can't be compiled, or not be written.

        Args:
            model: the prepared file's content.
            compile_into: writes GRAPH and its weights into an empty folder; raises OSError.
        """
        network = hashlib.sha256(model).hexdigest()[:32]
        entry = self.folder / f"{network}-{hashlib.sha256(self.made_for.encode()).hexdigest()[:16]}"
        if _is_whole(entry):
            return entry / GRAPH
        with exclusive(self.folder):
            if not _is_whole(entry):  # another one may have made it meanwhile
                try:
                    self._make(entry, model, compile_into)
                except OSError as error:
                    logger.warning("a compiled network can't be kept: %s", error)
                    return None
                self._remove_oldest(network)
        return entry / GRAPH

    def _make(self, entry: Path, model: bytes, compile_into: Callable[[bytes, Path], None]) -> None:
        part = self.folder / f"{uuid4().hex}.part"
        part.mkdir()
        try:
            compile_into(model, part)
            sums = "".join(f"{_digest(file)}  {file.name}\n" for file in sorted(part.iterdir()))
            (part / _SUMS).write_text(sums, encoding="ascii")
            shutil.rmtree(entry, ignore_errors=True)  # a damaged one
            part.rename(entry)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def _remove_oldest(self, network: str) -> None:
        with suppress(OSError):  # another instance removes them, too
            entries = sorted(self.folder.glob(f"{network}-*"), key=lambda path: path.stat().st_mtime)
            for entry in entries[:-_MOST_KEPT]:
                shutil.rmtree(entry, ignore_errors=True)


def _is_whole(entry: Path) -> bool:
    """Whether it is there, and all of its files are as they were written."""
    try:
        sums = (entry / _SUMS).read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        sums = ""
    with suppress(OSError, ValueError):
        files = {name: digest for digest, name in (line.split("  ", 1) for line in sums.splitlines())}
        if GRAPH in files and all(_digest(entry / name) == digest for name, digest in files.items()):
            return True
    logger.warning("a compiled network is damaged; it is compiled again")
    return False


def _digest(file: Path) -> str:
    """Its SHA-256; read in parts, since it may be as large as all weights."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
