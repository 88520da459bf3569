"""The log: lines of text, or an object of JSON a line for those who collect logs."""

import logging
import time
from datetime import UTC, datetime
from typing import TextIO

import msgspec
from typing_extensions import override

from application.audit import lines
from entrypoints.bootstrap.settings import Settings

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s[%(process)d] %(message)s"

FIELDS = "fields"
"""The attribute of a record that has the values of its message by name: `logger.info(..., extra={FIELDS: ...})`."""


def configure_log(settings: Settings) -> None:
    """Write to stderr, as the settings say."""
    handler = LineHandler()
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter(TEXT_FORMAT))
    # No line has the thread, the kind of process or the place in the code, which take longer than the line.
    logging.logThreads = logging.logMultiprocessing = False
    logging._srcfile = None  # noqa: SLF001 (so says Python's manual, "Optimization")
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])


def write_audit_lines(settings: Settings) -> None:
    """Let the logger `face.audit` write audit entries, each a line of JSON and nothing else, if they are wanted."""
    if settings.audit_log and not lines.handlers:
        lines.propagate = False
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        lines.addHandler(handler)
        lines.setLevel(logging.INFO)


class LineHandler(logging.StreamHandler[TextIO]):
    """Writes to stderr, which passes on every line by itself."""

    @override
    def flush(self) -> None:
        """Do nothing: there is nothing left to be written."""


class TextFormatter(logging.Formatter):
    """Writes the second of a line's time once for all lines of that second."""

    _second = -1
    _shown = ""

    @override
    def usesTime(self) -> bool:
        return True

    @override
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        second = int(record.created)
        if second != self._second:
            self._shown = time.strftime(self.default_time_format, self.converter(second))
            self._second = second
        return f"{self._shown},{int(record.msecs):03}"


class JsonFormatter(logging.Formatter):
    """One line, with time (ISO 8601, UTC), level, logger, process and either the record's fields or its message."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        said = getattr(record, FIELDS, None) or {"message": record.getMessage()}
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            **said,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()
