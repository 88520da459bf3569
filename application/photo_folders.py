"""Photos of known people, in folders."""

from dataclasses import dataclass
from pathlib import Path

from application.errors import CommandError

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """One photo of a person."""

    person: str
    path: Path

    @property
    def name(self) -> str:
        """`person/file.jpg`."""
        return f"{self.person}/{self.path.name}"


def find_photos(folder: Path) -> list[PhotoFile]:
    """All photos of `folder/person/photo.jpg`, by person and file name.

    Raises:
        CommandError: the folder can't be read, or has no such photos.
    """
    try:
        photos = [
            PhotoFile(person.name, path)
            for person in sorted(folder.iterdir())
            if person.is_dir()
            for path in sorted(person.iterdir())
            if path.suffix.lower() in SUFFIXES
        ]
    except OSError as error:
        raise CommandError(f"can't read {error.filename}: {error.strerror}") from error
    if not photos:
        raise CommandError(f"{folder} has no photos: it must have one folder a person, with images in it")
    return photos
