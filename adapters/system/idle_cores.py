"""Whether cores of the machine are idle at this moment."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from weakref import finalize

_MOST_BYTES = 256
"""Of /proc/loadavg, which is one line."""
SETTLE_S = 0.0003
"""Whoever has handed over the work, in this process or another one, is still running when it begins."""


class IdleCores:
    """Says when work may use several threads; elsewhere than on Linux, never.

    Reads /proc/loadavg, since psutil has averages over a minute and more only.
    """

    def __init__(
        self,
        cores: int,
        threads: int,
        working: Callable[[], int] = lambda: 1,
        root: Path = Path("/"),
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        """Open the file.

        Args:
            cores: of the machine.
            threads: that the work would use, the calling one included.
            working: says how many threads of this process work, the calling one included.
            root: of the file system.
            wait: waits for so many seconds.
        """
        self.threads = threads
        self._most_running = cores - threads + 1
        self._working = working
        self._wait = wait
        self._load: int | None = None
        with suppress(OSError):
            self._load = os.open(root / "proc/loadavg", os.O_RDONLY | os.O_CLOEXEC)
            finalize(self, os.close, self._load)

    def available(self) -> bool:
        """Whether each of the threads would have a core to itself now, or in a moment.

        Where the threads of this process have the cores, the file isn't read: a system call gives Python's lock to
        one of them. To read takes 2 microseconds, and 14 after a run of a network, which leaves nothing of this in
        the caches; opening the file each time took 40 then.
        """
        load = self._load
        if load is None or self._working() > self._most_running:
            return False
        if self._is_idle(load):
            return True
        self._wait(SETTLE_S)
        return self._is_idle(load)

    def _is_idle(self, load: int) -> bool:
        return 0 < _running(load) <= self._most_running


def _running(load: int) -> int:
    """Runnable threads of the machine, the calling one included (proc_loadavg(5)); 0 if that is unknown."""
    try:
        return int(os.pread(load, _MOST_BYTES, 0).split()[3].partition(b"/")[0])
    except (OSError, ValueError, IndexError):
        return 0
