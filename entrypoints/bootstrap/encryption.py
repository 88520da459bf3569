"""The keys that encrypt embeddings and crops where they are stored, if the settings have any."""

from base64 import b64decode
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from application.errors import StartupError
from application.ports.sealing import Sealing
from entrypoints.bootstrap.settings import Settings
from entrypoints.bootstrap.values import EncryptionKey

_KEY, _FILE = "FACE_ENCRYPTION_KEY", "FACE_ENCRYPTION_KEY_FILE"
_MAX_FILE = 10_000
"""Bytes."""


def encrypts(settings: Settings) -> bool:
    """Whether embeddings and crops are encrypted where they are stored."""
    return bool(settings.encryption_key or settings.encryption_key_file)


def open_sealing(settings: Settings) -> Sealing | None:
    """The encryption that the settings ask for.

    Raises:
        StartupError: a key is none, can't be read, or another setting would have embeddings stored in the clear.
    """
    if not encrypts(settings):
        return None
    path = settings.encryption_key_file
    name = _KEY if path is None else _FILE
    if path is not None and settings.encryption_key:
        raise StartupError(f"{_FILE} and {_KEY}: set one of them")
    _check_others(settings, name)
    keys = settings.encryption_key if path is None else _read(path)
    from adapters.aes_gcm.sealing import AesGcmSealing  # noqa: PLC0415 (few have a key: 30 ms for all others)

    return AesGcmSealing([b64decode(key) for key in keys])


def _check_others(settings: Settings, name: str) -> None:
    if settings.database_url == "memory":
        raise StartupError(f"{name}: FACE_DATABASE_URL is memory: nothing is stored that could be encrypted")
    if settings.index_url:
        raise StartupError(
            f"FACE_INDEX_URL: Milvus would have embeddings that are not encrypted, and {name} is set"
        )
    if settings.search != "index":
        raise StartupError(
            f"FACE_SEARCH: the database can't compare encrypted embeddings, and {name} is set: index"
        )


def _read(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MAX_FILE:
            raise StartupError(f"{_FILE}: {path} is too large for a file of keys")
        lines = [line.strip() for line in path.read_text("ascii").splitlines()]
        keys = [line for line in lines if line and not line.startswith("#")]
        found: list[str] = msgspec.convert(keys, type=Annotated[list[EncryptionKey], Meta(min_length=1)])
    except OSError as error:
        raise StartupError(f"{_FILE}: {path} can't be read: {error.strerror}") from None
    except (UnicodeDecodeError, msgspec.ValidationError):
        raise StartupError(f"{_FILE}: {path} must have a key a line: the base64 of 32 bytes") from None
    return found
