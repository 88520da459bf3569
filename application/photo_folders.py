"""Finding photos in folders."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from application.errors import CommandError

SUFFIXES = frozenset(
    (".avif", ".bmp", ".dib", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".pjp", ".pjpeg", ".png", ".webp")
)
"""Of the names of photos that can be read, in lower case. What a file contains is seen when it is decoded."""

SYSTEM_FOLDERS = frozenset(
    {
        *("@eadir", "#recycle", "@recycle", "#snapshot", "@recently-snapshot", "@tmp", "~snapshot"),
        *("$recycle.bin", "recycler", "recycled", "system volume information", "found.000", "lost+found"),
        *("@sharebin", "@sharesnap", "@synoresource", "dfsrprivate", "_gsdata_", "$extend"),
        *("__macosx", "network trash folder", "temporary items", "thevolumesettingsfolder"),
        *("__pycache__", "node_modules", "_vti_cnf"),
        *("thumbnails", "thumbs", "_thumbs", "ipod photo cache", "backups.backupdb", "recycle bin"),
    }
)
"""Names, in lower case, of folders that operating systems, file servers and tools make; others begin with a dot."""

_LIBRARIES = (".photoslibrary", ".photolibrary", ".aplibrary", ".lrdata", ".lrlibrary")
"""What the names of folders end with in which programs keep photos and their previews."""

_OTHER_FORMATS = {
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIC"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    ".gif": "GIF",
    **dict.fromkeys((".jp2", ".j2k", ".jpf", ".jpx"), "JPEG 2000"),
    ".jxl": "JPEG XL",
    **dict.fromkeys((".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"), "raw"),
}


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """One photo of a known person."""

    person: str
    path: Path
    name: str = ""
    """`person/file.jpg`: its path in the folder in which it was found."""


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file, or a link to a folder, that was not taken as a photo."""

    path: Path
    reason: str


def walk_photos(root: Path) -> Iterator[Path | SkippedFile]:
    """All files under a folder, by path: photos, and those that are skipped.

    A link to a folder is followed unless the folder is walked anyway, so that no photo comes twice and cycles end.

    Raises:
        CommandError: the folder itself cannot be read.
    """
    top = root.resolve()
    walked: set[Path] = set()
    pending: list[tuple[Path, str | None]] = [(root, None)]
    while pending:
        path, reason = pending.pop()
        try:
            if path != root and not path.is_dir():
                reason = reason or _file_reason(path)
                yield path if reason is None else SkippedFile(path, reason)
                continue
            target = path.resolve()
            linked = path.is_symlink() and path != root
            within = top in target.parents or target == top or target in top.parents
            if target in walked or (linked and (reason or within)):
                yield SkippedFile(path, reason or f"a link to {target}: folders are read once")
                continue
            walked.add(target)
            children = sorted(path.iterdir(), reverse=True)
        except OSError as error:
            if path == root:
                raise CommandError(f"can't read {error.filename}: {error.strerror}") from error
            yield SkippedFile(path, f"it can't be read: {error.strerror}")
        else:
            pending += [(child, reason or skip_reason(child.name)) for child in children]


def find_people(root: Path) -> tuple[list[PhotoFile], list[SkippedFile]]:
    """The photos of `root/person/**/photo.jpg`, by path, and the files that are skipped.

    Raises:
        CommandError: the folder cannot be read, or has no such photos.
    """
    photos, skipped = list[PhotoFile](), list[SkippedFile]()
    for found in walk_photos(root):
        if isinstance(found, SkippedFile):
            skipped.append(found)
            continue
        relative = found.relative_to(root)
        if len(relative.parts) > 1:
            photos.append(PhotoFile(relative.parts[0], found, str(relative)))
        else:
            skipped.append(SkippedFile(found, "it is in no person's folder"))
    if not photos:
        why = f" ({skipped[0].path}: {skipped[0].reason})" if skipped else ""
        raise CommandError(f"{root} has no photos: it must have one folder a person, with images in it{why}")
    return photos, skipped


def find_photos(root: Path) -> list[PhotoFile]:
    """The photos of `find_people` alone."""
    return find_people(root)[0]


def skip_reason(name: str) -> str | None:
    """Why a file or a folder of this name is skipped, with all that is in it; None if it isn't."""
    if name.startswith("."):
        return "hidden"
    system = name.lower() in SYSTEM_FOLDERS or name.lower().endswith(_LIBRARIES)
    return "a folder of the system" if system else None


def _file_reason(path: Path) -> str | None:
    suffix = path.suffix.lower()
    if suffix in _OTHER_FORMATS:
        return f"{_OTHER_FORMATS[suffix]} photos can't be read: save it as JPEG"
    if suffix not in SUFFIXES:
        return f"not the name of a photo, which ends in {', '.join(sorted(SUFFIXES))}"
    return None if path.is_file() else "not a file, or a link to nothing"
