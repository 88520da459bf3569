"""Whether cores of the machine are idle at this moment."""

import os
from collections.abc import Callable
from dataclasses import dataclass

_MOST_BYTES = 256
"""Of /proc/loadavg, which is one line."""


@dataclass(frozen=True, slots=True)
class IdleCores:
    """Says when work may use several threads; elsewhere than on Linux, never.

    Reads /proc/loadavg, since psutil has averages over a minute and more only.
    """

    cores: int
    """Of the machine."""
    threads: int
    """That the work would use, the calling one included."""
    working: Callable[[], int] = lambda: 1
    """How many threads of this process work, the calling one included."""
    load: str = "/proc/loadavg"
    """The file with the number of runnable threads; see proc_loadavg(5)."""

    def available(self) -> bool:
        """Whether each of the threads would have a core to itself now.

        Where the threads of this process have the cores, the file isn't read: each of its system calls would give
        Python's lock to one of them.
        """
        most = self.cores - self.threads + 1
        return self.working() <= most and 0 < self._running() <= most

    def _running(self) -> int:
        """Runnable threads of the machine, the calling one included; 0 if that is unknown."""
        try:
            file = os.open(self.load, os.O_RDONLY)
            try:
                text = os.read(file, _MOST_BYTES)
            finally:
                os.close(file)
            return int(text.split()[3].partition(b"/")[0])
        except (OSError, ValueError, IndexError):
            return 0
