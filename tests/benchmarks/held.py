"""What processes hold in memory together."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ (\S+) \S+ (\d+) *(.*)$")
_FIELD = re.compile(r"^(Rss|Pss): +(\d+) kB$")


def held(pids: Iterable[int], proc: Path = Path("/proc")) -> float:
    """10^6 bytes: what they have in common counts once, and files as if nobody else had them mapped.

    That is the sum of their PSS (see proc_pid_smaps(5)) on a machine that runs nothing else: a benchmark, and
    whatever else has the same libraries loaded, would take their part of these otherwise. A process that has just
    ended holds nothing.
    """
    alone, files = 0, Counter[str]()
    for pid in pids:
        with suppress(OSError):
            for part, resident, proportional in _mappings(proc / str(pid) / "smaps"):
                if part:
                    files[part] = max(files[part], resident)  # the most that is resident in one mapping of it
                else:
                    alone += proportional
    return (alone + files.total()) * 1024 / 1e6


def _mappings(smaps: Path) -> Iterator[tuple[str, int, int]]:
    """Of each the part of a file that it maps, if it has one, its resident and its proportional size in kB."""
    file, sizes, private_copies = "", {"Rss": 0, "Pss": 0}, 0
    for line in smaps.read_text(encoding="utf-8", errors="replace").splitlines():
        if found := _MAPPING.match(line):
            file, sizes, private_copies = _part(*found.groups()), {"Rss": 0, "Pss": 0}, 0
        elif found := _FIELD.match(line):
            sizes[found[1]] = int(found[2])
        elif line.startswith("Anonymous:"):  # pages of a file that were written to are the process's own
            private_copies = int(line.split()[1])
        elif line.startswith("VmFlags:"):
            if file:
                yield "", 0, private_copies
                yield file, sizes["Rss"] - private_copies, 0
            else:
                yield "", 0, sizes["Pss"]


def _part(offset: str, inode: str, path: str) -> str:
    """Shared memory has an inode, too; it is deleted, so that only its processes have it."""
    return f"{path} from {offset}" if inode != "0" and not path.endswith("(deleted)") else ""
