"""What ends a command on many faces before its work is done."""

from application.errors import CommandError
from domain.errors import (
    Busy,
    CollectionNotFound,
    FaceServiceError,
    InvalidCollection,
    ModelNotCalibrated,
    ModelNotInstalled,
    Unavailable,
    UnknownModel,
)

FATAL: tuple[type[FaceServiceError], ...] = (
    Busy,
    CollectionNotFound,
    InvalidCollection,
    ModelNotCalibrated,
    ModelNotInstalled,
    Unavailable,
    UnknownModel,
)
"""What would be said of every photo alike; anything else is one photo's own."""


class BulkError(CommandError):
    """A command on many faces can't be carried out."""


class ArchiveError(BulkError):
    """A file is not the archive that it should be, or it can't be read or written."""
