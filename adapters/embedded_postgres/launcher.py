"""The last steps before a PostgreSQL program, taken in a process of its own: `python -I -S launcher.py JSON`.

Credentials, the namespace of mounts and the death signal belong to a process, and the service must keep
its own; so it starts this file, which changes itself and becomes the program. Only the standard library is
here: whatever is imported runs as root where the service does.

The program gets its cluster as an open directory, `PGDATA=/proc/self/fd/N`. So no length of path and no
folder above that the server's account may not enter matters. A lock on the same descriptor is inherited by
every process of the server: while one of them lives, nobody else can have the cluster.
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_CLONE_NEWNS = 0x20000
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x1000, 0x4000, 0x40000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38

_STALE = ("postmaster.pid", ".s.PGSQL.5432.lock")
_LOG_AGE_S = 6 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Launch:
    """What to start, where, and as whom."""

    program: str
    """An absolute path."""
    arguments: list[str]
    installation: list[str]
    """The folders that the program reads itself from; absolute, without symbolic links."""
    cluster: str
    uid: int
    gid: int
    account: str
    """The account's name, for messages."""
    parent: int
    """The process that the program must not outlive."""
    files: dict[str, str]
    """Texts by name, written into the cluster first."""


def main() -> None:
    """Become the program, or leave with one line on the error stream."""
    launch = Launch(**json.loads(sys.argv[1]))
    cluster = os.open(launch.cluster, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(cluster, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("a server that can't be seen from here still has the cluster open") from None
    os.set_inheritable(cluster, True)  # noqa: FBT003
    if os.geteuid() == 0:
        _uncover(launch)
        _drop(launch)
    _die_with(launch.parent)
    os.umask(0o077)
    os.fchdir(cluster)
    _make_private(launch.cluster)
    _tidy(launch.files)
    os.execve(  # noqa: S606 - no shell; the program is a file of ours
        launch.program,
        [launch.program, *launch.arguments],
        {"PGDATA": f"/proc/self/fd/{cluster}", "LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
    )


def _drop(launch: Launch) -> None:
    try:
        os.setgroups([])
        os.setresgid(launch.gid, launch.gid, launch.gid)
        os.setresuid(launch.uid, launch.uid, launch.uid)
    except OSError as error:
        raise SystemExit(
            f"root may not become the account {launch.account} here ({error.strerror}):"
            " run the service as an ordinary user"
        ) from None


def _die_with(parent: int) -> None:
    """Ask for a fast shutdown when the parent's thread ends; change of credentials would undo it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("the service ended before its server had begun")


def _make_private(path: str) -> None:
    """Take permissions on the working directory from others, with which PostgreSQL refuses to start.

    Kubernetes gives them to a group (`fsGroup`) each time that it mounts a volume.
    """
    with suppress(OSError):
        Path().chmod(0o700)
    mode = stat.S_IMODE(Path().stat().st_mode)
    if mode & 0o077:
        raise SystemExit(
            f"{path} is open to other accounts (mode {mode:04o}), and this file system or its owner doesn't let"
            " the service change that: chmod 0700 it, or set FACE_DATA_DIR to a file system with permissions"
        )


def _tidy(files: dict[str, str]) -> None:
    """Remove stale files and write new ones, as the account: links in the cluster can't make root write elsewhere."""
    for name in _STALE:
        Path(name).unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        # PostgreSQL truncates a week-old log only if it runs at midnight.
        for log in Path("log").iterdir():
            if log.stat().st_mtime < time.time() - _LOG_AGE_S:
                log.unlink()
    for name, text in files.items():
        Path(name).write_text(text, encoding="utf-8")


def _uncover(launch: Launch) -> None:
    """Show the installation to the account where a folder above it is closed to others.

    In a namespace of mounts that only this program has, an empty folder covers the closed one, and in it
    the installation appears at its old path. No permission on the disk changes.
    """
    with _account(launch):
        closed = {path: folder for path in launch.installation if (folder := _closed_folder(path))}
    if not closed:
        return
    os.umask(0o022)
    try:
        _unshare_mounts()
        sources = {path: os.open(path, os.O_PATH) for path in closed}
        for folder in set(closed.values()):
            _mount("tmpfs", folder, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=0755")
        for path, source in sources.items():
            Path(path).mkdir(parents=True, exist_ok=True)
            _show(f"/proc/self/fd/{source}", path)
            os.close(source)
    except OSError as error:
        raise SystemExit(
            f"root runs PostgreSQL as {launch.account}, who may not enter {min(closed.values())},"
            f" and the kernel grants no private view of it ({error.strerror}):"
            " install the service where others may read, or run it as an ordinary user"
        ) from None


@contextmanager
def _account(launch: Launch) -> Iterator[None]:
    """Have the account's permissions for a while; this process is root again afterwards."""
    groups = os.getgroups()
    try:
        os.setgroups([])
        os.setegid(launch.gid)
        os.seteuid(launch.uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)


def _closed_folder(path: str) -> str | None:
    """The topmost folder that can't be entered, down to `path` itself."""
    for folder in (*reversed(Path(path).parents), Path(path)):
        if not os.access(folder, os.X_OK, effective_ids=True):
            return str(folder)
    return None


def _show(source: str, path: str) -> None:
    if _is_public(source):
        _mount(source, path, None, _MS_BIND, None)
        return
    # Installed under a strict umask: others may not read the files themselves.
    shutil.copytree(source, path, dirs_exist_ok=True)
    for folder, _, names in os.walk(path):
        for entry in (folder, *(f"{folder}/{name}" for name in names)):
            Path(entry).chmod(0o755)


def _is_public(root: str) -> bool:
    return all(
        Path(entry).stat().st_mode & wanted == wanted
        for folder, _, names in os.walk(root)
        for entry, wanted in ((folder, 0o005), *((f"{folder}/{name}", 0o004) for name in names))
    )


def _unshare_mounts() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE, None)


def _mount(source: str, target: str, kind: str | None, flags: int, data: str | None) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    if libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


if __name__ == "__main__":
    main()
