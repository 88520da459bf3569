"""A cluster's server processes, found by their program and working directory, not by a pid file.

/proc is read rather than `psutil`, which tells a working directory by its path: a server in a mount namespace of its
own has another path for the same folder.
"""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from application.errors import StartupError

_PROGRAMS = {"postgres", "initdb"}
_ESCALATION = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0))
"""PostgreSQL's fast and immediate shutdown, each with its time limit in seconds."""

_POLL_S = 0.05


async def stop_servers(cluster: Path) -> None:
    """End PostgreSQL's processes that work in this folder, and wait for them.

    Raises:
        StartupError: one does not end.
    """
    loop = asyncio.get_running_loop()
    for kind, limit_s in _ESCALATION:
        found = processes_in(cluster)
        for pid in found:
            # A parent stops its children. The log writer ignores signals, and ends after all others.
            if _parent(pid) not in found:
                _signal(pid, cluster, kind)
        deadline = loop.time() + limit_s
        while found and loop.time() < deadline:
            await asyncio.sleep(_POLL_S)
            found = processes_in(cluster)
        if not found:
            return
    raise StartupError(f"A PostgreSQL server in {cluster} does not end: process {min(found)}.")


def processes_in(cluster: Path) -> set[int]:
    """The processes that run PostgreSQL's programs with this working directory."""
    if not cluster.is_dir():
        return set()
    pids = {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    return {pid for pid in pids if _works_in(pid, cluster)}


def _works_in(pid: int, cluster: Path) -> bool:
    try:
        program = Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")
        return program in _PROGRAMS and Path(f"/proc/{pid}/cwd").samefile(cluster)
    except OSError:
        # It has ended, or is another user's.
        return False


def _parent(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("PPid:"):
                return int(line.split()[1])
    return 0


def _signal(pid: int, cluster: Path, kind: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            # Checked again: the number may belong to another process by now, the handle can't.
            if _works_in(pid, cluster):
                signal.pidfd_send_signal(handle, kind)
        finally:
            os.close(handle)
