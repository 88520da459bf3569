"""Whether cores of the machine are idle at this moment."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class IdleCores:
    """Says when work may use several threads; elsewhere than on Linux, never.

    Reads /proc/loadavg, since psutil has averages over a minute and more only.
    """

    cores: int
    """Of the machine."""
    threads: int
    """That the work would use, the calling one included."""
    root: Path = Path("/")
    """Of the file system."""

    def available(self) -> bool:
        """Whether each of the threads would have a core to itself now. Takes 10 microseconds."""
        running = self._running()
        return 0 < running <= self.cores - self.threads + 1

    def _running(self) -> int:
        """Runnable threads of the machine, the calling one included (proc_loadavg(5)); 0 if that is unknown."""
        try:
            text = (self.root / "proc/loadavg").read_text(encoding="ascii")
            return int(text.split()[3].partition("/")[0])
        except (OSError, ValueError, IndexError):
            return 0
