"""The embedded server's files in the data directory."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded_postgres.binaries import MAJOR_VERSION
from adapters.embedded_postgres.cluster_config import PORT
from adapters.system.files import sync_folder
from application.errors import StartupError

_SOCKET_PATH_BYTES = 107
"""sockaddr_un.sun_path on Linux, less its closing zero."""

_LEAST = 16 << 20
"""Free bytes without which the server may not start, nor write down why: a segment of the write-ahead log."""

_ERROR = re.compile(r"\b(FATAL|PANIC|ERROR|error):")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, perhaps not there yet, in a data directory."""

    data_dir: Path

    @property
    def path(self) -> Path:
        """The cluster: PostgreSQL's own files, its configuration and its socket."""
        return self.data_dir / "postgres"

    @property
    def draft(self) -> Path:
        """Where a cluster is made; it is moved to `path` when it is whole."""
        return self.data_dir / "postgres.new"

    @property
    def start_log(self) -> Path:
        """What the programs say before the server has a log of its own, in `postgres/log`."""
        return self.data_dir / "postgres.log"

    @property
    def grants(self) -> Path:
        """There once the service's role has the privileges that it needs."""
        return self.data_dir / "postgres.grants"

    def exists(self) -> bool:
        """Whether the folder is there and not empty."""
        return self.path.is_dir() and any(self.path.iterdir())

    def discard_draft(self) -> None:
        """Remove the draft of an interrupted start."""
        if self.draft.exists():
            shutil.rmtree(self.draft)

    def adopt_draft(self) -> None:
        """Make the draft the cluster, durably and in one step."""
        self.draft.rename(self.path)
        sync_folder(self.data_dir)

    def check_version(self) -> None:
        """Check that this server can read the cluster.

        Raises:
            StartupError: it is another major version's, or no cluster.
        """
        try:
            version = (self.path / "PG_VERSION").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise StartupError(f"{self.path} is not a PostgreSQL cluster: move it away.") from None
        if version != MAJOR_VERSION:
            raise StartupError(
                f"{self.path} was made by PostgreSQL {version}, and this is {MAJOR_VERSION}:"
                " dump it with the old version and restore it, or move it away."
            )

    def is_ready(self, pid: int) -> bool:
        """Whether the server that is process `pid` says so in its pid file."""
        try:
            lines = (self.path / "postmaster.pid").read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return False
        return bool(lines) and lines[0] == str(pid) and lines[-1] == "ready"

    def has_reachable_socket(self) -> bool:
        """Whether a connection can be made by the socket's path.

        It may be too long. A comma separates hosts in the driver's parameters, and a URL is UTF-8.
        """
        try:
            path = str(self.path / f".s.PGSQL.{PORT}").encode()
        except UnicodeEncodeError:
            return False
        return len(path) <= _SOCKET_PATH_BYTES and b"," not in path

    def failure(self) -> StartupError:
        """One line on why the program that ran last has failed: its own words, and where there are more."""
        if shutil.disk_usage(self.data_dir).free < _LEAST:
            return StartupError(f"FACE_DATA_DIR: the disk of {self.data_dir} is full: make room there")
        said, logs = _lines(self.start_log), self.path / "log"
        if said and "redirecting log output" in said[-1]:
            newest = max(logs.glob("*.log"), key=lambda log: log.stat().st_mtime, default=self.start_log)
            said = _lines(newest)
        errors = [line for line in said if _ERROR.search(line)] or said or ["it does not say why"]
        return StartupError(f"PostgreSQL does not start: {errors[-1]} (see {self.start_log} and {logs})")


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
