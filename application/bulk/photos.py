"""Reading photo files."""

from dataclasses import dataclass
from pathlib import Path

from application.analysis.sources import Photo
from domain.errors import ImageTooLarge, InvalidImage


@dataclass(frozen=True, slots=True)
class PhotoReader:
    """Reads photos from files. Synchronous: call it in a worker."""

    max_bytes: int

    def read(self, path: Path) -> Photo:
        """The photo in a file.

        Raises:
            InvalidImage: the file cannot be read, or is not a regular file.
            ImageTooLarge: it has more than `max_bytes`.
        """
        if path.exists() and not path.is_file():
            raise InvalidImage("This is not a file.")
        try:
            with path.open("rb") as file:
                data = file.read(self.max_bytes + 1)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "its name is not valid"
            raise InvalidImage(f"The file can't be read: {reason}.") from error
        if len(data) > self.max_bytes:
            raise ImageTooLarge(f"The file has more than {self.max_bytes / 1e6:g} MB.")
        return Photo(data)
