"""Whether cores of the machine are idle at this moment."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from weakref import finalize

_MOST_BYTES = 256
"""Of /proc/loadavg, which is one line."""


class IdleCores:
    """Says when work may use several threads; elsewhere than on Linux, never.

    Reads /proc/loadavg, since psutil has averages over a minute and more only.
    """

    def __init__(
        self, cores: int, threads: int, working: Callable[[], int] = lambda: 1, root: Path = Path("/")
    ) -> None:
        """Open the file.

        Args:
            cores: of the machine.
            threads: that the work would use, the calling one included.
            working: says how many threads of this process work, the calling one included.
            root: of the file system.
        """
        self.threads = threads
        self._most_running = cores - threads + 1
        self._working = working
        self._load: int | None = None
        with suppress(OSError):
            self._load = os.open(root / "proc/loadavg", os.O_RDONLY | os.O_CLOEXEC)
            finalize(self, os.close, self._load)

    def available(self) -> bool:
        """Whether each of the threads would have a core to itself now.

        Where the threads of this process have the cores, the file isn't read: a system call gives Python's lock to
        one of them. To read takes 2 microseconds, and 14 after a run of a network, which leaves nothing of this in
        the caches; opening the file each time took 40 then.
        """
        return self._working() <= self._most_running and 0 < self._running() <= self._most_running

    def _running(self) -> int:
        """Runnable threads of the machine, the calling one included (proc_loadavg(5)); 0 if that is unknown."""
        if self._load is None:
            return 0
        try:
            return int(os.pread(self._load, _MOST_BYTES, 0).split()[3].partition(b"/")[0])
        except (OSError, ValueError, IndexError):
            return 0
