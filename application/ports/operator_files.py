"""What the operator has added to the data directory: calibrations and the catalogue of own models."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class OperatorFile:
    """A file and its content."""

    name: str
    """What it is, such as calibration/sface.toml; the same in every instance, wherever its files are."""
    content: bytes


class OperatorFiles(Protocol):
    """The operator's files. Synchronous: call it in a worker."""

    def read(self) -> Sequence[OperatorFile]:
        """All of them, by name.

        Raises:
            BulkError: one can't be read.
        """

    def check(self, file: OperatorFile) -> None:
        """See whether the file could be an operator's.

        Raises:
            BulkError: it has another name, or its content is not TOML.
        """

    def add(self, file: OperatorFile) -> bool:
        """Write a file unless there is one of this name; whether there is one now with this content.

        Raises:
            BulkError: as `check`, or it can't be written.
        """
