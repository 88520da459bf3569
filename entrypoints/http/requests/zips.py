"""Photos in a zip file that a client sends: each is unpacked in its turn, within bounds."""

import io
import lzma
import struct
import zipfile
import zlib
from functools import partial
from itertools import takewhile
from pathlib import PurePosixPath

from application.analysis.sources import Photo
from application.enrolment import BatchItem
from application.photo_folders import SUFFIXES, skip_reason
from domain.errors import FaceServiceError, ImageTooLarge, InvalidImage, InvalidInput, InvalidName

MAX_EXPANSION = 20
"""A zip's photos may be so many times larger than the zip: photos hardly shrink; more is an attack."""

MAX_FOLDERS = 1000
"""Entries beside those of photos."""

_ENTRY = b"PK\x01\x02"
"""What each entry of the directory begins with (APPNOTE.TXT 4.3.12)."""

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Python unpacks others without a bound on what comes out at once."""

_UTF8 = 0x800
"""The flag of an entry whose name is UTF-8; others are read as code page 437."""

DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,  # encrypted, or of a version that isn't known
    ValueError,
    LookupError,
    ArithmeticError,
    OSError,
)
"""What reading a zip file may raise."""


def items_of(content: bytes, max_photos: int, max_photo_bytes: int) -> list[BatchItem]:
    """The photos of a zip of person/photo; each is unpacked when it is read.

    Folders in a person's folder are that person's, too, and one around the folders of all is nobody's. Hidden
    files and folders of the system are refused when they are read.

    Args:
        content: the file.
        max_photos: how many photos it may have.
        max_photo_bytes: how many bytes a photo may have.

    Raises:
        InvalidInput: it is no zip file, has more photos, or doesn't show which folders are people's.
        ImageTooLarge: its photos are far larger than the file.
    """
    if content.count(_ENTRY) > max_photos + MAX_FOLDERS:
        raise InvalidInput(f"The archive has more than {max_photos} photos.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except DAMAGED:
        raise InvalidInput("The archive is not a readable zip file.") from None
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(entries) > max_photos:
        raise InvalidInput(f"The archive has more than {max_photos} photos.")
    if sum(entry.file_size for entry in entries) > MAX_EXPANSION * len(content):
        raise ImageTooLarge("The archive expands to far more than its size.")
    paths = [_path(entry) for entry in entries]
    around = _folders_around(paths)
    return [
        _item(archive, entry, path, around, max_photo_bytes)
        for entry, path in zip(entries, paths, strict=True)
    ]


def _path(entry: zipfile.ZipInfo) -> PurePosixPath:
    name = _name(entry) or entry.filename
    # Backslashes are what some programs for Windows write.
    return PurePosixPath(name.replace("\\", "/").lstrip("/"))


def _folders_around(paths: list[PurePosixPath]) -> int:
    """How many folders are around the folders of all people: one in `people/Ada/1.jpg`, `people/Grace/1.jpg`.

    Raises:
        InvalidInput: it may be one or none, as in `people/1.jpg`, `people/Ada/1.jpg`.
    """
    photos = (path for path in paths if path.suffix.lower() in SUFFIXES and not _skip_reason(path))
    folders = {path.parts[:-1] for path in photos} - {()}  # a photo outside of any is nobody's
    levels = takewhile(lambda level: len(set(level)) == 1, zip(*folders, strict=False))
    shared = tuple(level[0] for level in levels)
    if shared not in folders:
        return len(shared)
    if len(folders) > 1:
        raise InvalidInput(
            f"All photos of the archive are in {shared[-1]!r} and in folders of it: of one person, or of several?"
            " Send a zip with a folder for each person, or with all photos of one person in a single folder."
        )
    return len(shared) - 1


def _item(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: PurePosixPath, around: int, max_bytes: int
) -> BatchItem:
    # A photo outside of any folder is nobody's: nobody can have an empty name.
    person = path.parts[around] if len(path.parts) > around + 1 else ""
    if _name(entry) is None:
        return BatchItem(person, partial(_refuse, InvalidName("The name in the archive is not UTF-8.")))
    if reason := _skip_reason(path):
        return BatchItem(person, partial(_refuse, InvalidImage(f"The file was skipped: {reason}.")))
    return BatchItem(person, partial(_photo, archive, entry, max_bytes))


def _skip_reason(path: PurePosixPath) -> str | None:
    return next(filter(None, map(skip_reason, path.parts)), None)


def _name(entry: zipfile.ZipInfo) -> str | None:
    """The entry's name; None if it isn't UTF-8."""
    try:
        return entry.filename if entry.flag_bits & _UTF8 else entry.filename.encode("cp437").decode()
    except UnicodeError:
        return None


def _photo(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, max_bytes: int) -> Photo:
    if entry.file_size > max_bytes:
        raise ImageTooLarge("The photo is larger than the service accepts.")
    try:
        if entry.compress_type in _METHODS:
            return Photo(archive.read(entry))
    except DAMAGED:
        pass
    raise InvalidImage("The photo in the archive is damaged, encrypted or packed in a way that isn't known.")


def _refuse(error: FaceServiceError) -> Photo:
    raise error
