"""Names that nobody knows, which are likely misspelt: of settings, and of parameters and fields of requests."""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

from application.errors import StartupError

TEST_KEYS = frozenset({"FACE_TEST_ASSETS", "FACE_TEST_DATABASE_URL", "FACE_ACCURACY"})
"""Keys of the project's tests. Developers have them in their environment when they start the service."""

_SERVICE_LINK = re.compile(r"FACE_[A-Z0-9_]+_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_[A-Z0-9_]+)")
"""Variables that Kubernetes and container links set for a service whose name begins with `face-`."""

_MAX_SHOWN = 60


def suggestion(name: str, known: Collection[str]) -> str:
    """A question that names the known name most like this one; nothing if none is like it."""
    nearest = get_close_matches(name[:_MAX_SHOWN].casefold(), known, 1) or get_close_matches(
        name[:_MAX_SHOWN].upper(), known, 1
    )
    return f" Did you mean {nearest[0]}?" if nearest else ""


def refuse_unknown_keys(values: Mapping[str, str], prefix: str, known: Collection[str]) -> None:
    """Refuse a key with our prefix that is no setting: its value would be ignored silently.

    Raises:
        StartupError: there is one; the message names it.
    """
    for key, value in values.items():
        if not key.upper().replace("-", "_").startswith(prefix) or key in known or key in TEST_KEYS:
            continue
        if _SERVICE_LINK.fullmatch(key) or (key.endswith("_PORT") and "://" in value):
            continue
        raise StartupError(f"{key[:_MAX_SHOWN]}: there is no such setting.{suggestion(key, known)}")
