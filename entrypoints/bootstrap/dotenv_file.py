"""The file `.env`. What would have no effect there is an error: it is most likely misspelt."""

from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from application.errors import StartupError


def read_dotenv(path: Path) -> dict[str, str]:
    """Read the keys and values of a file; one that isn't there has none.

    Raises:
        StartupError: the file can't be read, or a line is not KEY=value.
    """
    text = _text(path)
    for line in parse_stream(StringIO(text)):
        if line.error or (line.key is not None and line.value is None):
            raise StartupError(f"{path}: line {line.original.line} is not KEY=value")
    values = dotenv_values(stream=StringIO(text))
    return {key: value for key, value in values.items() if value is not None}


def _text(path: Path) -> str:
    try:
        # Some editors begin a file with a byte order mark. Zeros are those of UTF-16 without one.
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StartupError(f"{path} can't be read: {error.strerror}") from None
    except ValueError:
        text = "\0"
    if "\0" in text:
        raise StartupError(f"{path} is not in UTF-8: save it in that encoding")
    return text
