"""What processes hold together, from smaps that are written here and from real ones."""

import mmap
import os
from pathlib import Path

from tests.benchmarks.held import held

MAPPING = """{range} r-xp {offset:08x} 08:01 {inode} {path}
Rss: {rss} kB
Pss: {pss} kB
Pss_Dirty: 0 kB
Anonymous: {anonymous} kB
VmFlags: rd
"""


def smaps(proc: Path, pid: int, *mappings: tuple[str, int, int, int]) -> None:
    (proc / str(pid)).mkdir()
    text = "".join(
        MAPPING.format(
            range=f"{number:08x}-{number + 1:08x}",
            inode=7 if path.startswith("/") else 0,
            path=path.partition("@")[0],
            offset=int(path.partition("@")[2] or 0),
            rss=rss,
            pss=pss,
            anonymous=anonymous,
        )
        for number, (path, rss, pss, anonymous) in enumerate(mappings)
    )
    (proc / str(pid) / "smaps").write_text(text)


def test_what_is_shared_counts_once_and_files_as_if_nobody_else_had_them(tmp_path: Path) -> None:
    library, shared = "/usr/lib/one thing.so", "/dev/zero (deleted)"
    smaps(tmp_path, 1, ("[heap]", 1000, 1000, 1000), (library, 300, 10, 100), (shared, 500, 250, 0))
    smaps(
        tmp_path,
        2,
        ("", 2000, 1500, 2000),
        (library, 400, 20, 100),
        (f"{library}@8192", 50, 2, 0),
        (f"{library}@8192", 40, 2, 0),
        (shared, 500, 250, 0),
    )
    own = 1000 + 1500 + 100 + 100
    assert held([1, 2], tmp_path) == (own + 350 + 500) * 1024 / 1e6
    assert held([1, 3], tmp_path) == (1000 + 100 + 200 + 250) * 1024 / 1e6


def test_a_process_that_holds_more_is_seen() -> None:
    before = held([os.getpid()])
    with mmap.mmap(-1, 64 * 2**20) as memory:
        for page in range(0, len(memory), mmap.PAGESIZE):
            memory[page] = 1
        assert 50 < held([os.getpid()]) - before < 100
