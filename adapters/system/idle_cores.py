"""Cores that have nothing to do."""

from pathlib import Path

_LOAD = Path("/proc/loadavg")
"""Its fourth word says how many threads of the machine run or want to, of how many; see proc(5)."""


class SpareCores:
    """Implements Spare, by what Linux says of all processes; elsewhere no core is known to be spare."""

    def __init__(self, cores: int, threads: int) -> None:
        """For work of so many threads on a machine of so many cores."""
        self._cores = cores
        self._threads = threads

    @property
    def threads(self) -> int:
        """See Spare."""
        return self._threads

    def now(self) -> bool:
        """See Spare; 10 microseconds."""
        running = _running()
        return 0 < running <= self._cores - self._threads + 1


def _running() -> int:
    """The caller among them; 0 if it can't be told."""
    try:
        return int(_LOAD.read_text(encoding="ascii").split()[3].partition("/")[0])
    except (OSError, ValueError, IndexError):
        return 0
