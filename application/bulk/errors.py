"""Errors that end a bulk command before its work is done."""

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
"""Errors that every photo would meet; all others concern one photo only."""


class BulkError(CommandError):
    """A bulk command cannot be carried out."""


class ArchiveError(BulkError):
    """A file is not a valid archive, or cannot be read or written."""
