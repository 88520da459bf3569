"""The stream of audit entries: lines that are JSON and nothing else, on stderr like the rest of the log."""

import logging

from application.audit import lines
from entrypoints.bootstrap.settings import Settings


def write_audit_lines(settings: Settings) -> None:
    """Let the logger `face.audit` write, if the settings ask for it."""
    if settings.audit_log and not lines.handlers:
        lines.propagate = False
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        lines.addHandler(handler)
        lines.setLevel(logging.INFO)
