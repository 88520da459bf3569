"""Sessions that a start doesn't wait for."""

import logging
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

from adapters.onnx.session import InferenceSession
from adapters.system.machine import return_freed_memory
from application.errors import StartupError
from domain.errors import FaceServiceError

logger = logging.getLogger("face.models")


class LateSession:
    """A session that a thread starts when it is first asked for."""

    def __init__(self, start: Callable[[], InferenceSession | None]) -> None:
        """Start nothing yet; `start` may find that there is none."""
        self._to_start = [start]
        """Emptied by the thread that starts it; `start` holds the network's file in memory."""
        self._session: InferenceSession | None = None

    def __call__(self) -> InferenceSession | None:
        """The session, once it has started; it is started now if it wasn't yet."""
        if self._to_start:
            with suppress(IndexError):  # another thread may have taken it meanwhile
                Thread(target=self._start, args=(self._to_start.pop(),), name="session-start").start()
        return self._session

    def _start(self, start: Callable[[], InferenceSession | None]) -> None:
        try:
            self._session = start()
        except (FaceServiceError, StartupError) as error:
            logger.warning("a network is run more slowly than it might be: %s", error)
        return_freed_memory()
