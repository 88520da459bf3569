"""The embedded PostgreSQL server with pgvector: started, kept running, and stopped with the service."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import asyncpg
from sqlalchemy import URL

from adapters.embedded_postgres import launcher
from adapters.embedded_postgres.accounts import Account, server_account, service_account
from adapters.embedded_postgres.binaries import Binaries, find_binaries
from adapters.embedded_postgres.cluster import Cluster
from adapters.embedded_postgres.cluster_config import DATABASE, PORT, ROLE, config_files, machine_memory
from adapters.embedded_postgres.launcher import Launch
from adapters.embedded_postgres.ownership import DataDirectoryInUse, owned
from adapters.embedded_postgres.processes import stop_servers
from application.errors import StartupError

_START_S = 120.0
"""Until the server is ready; recovery after a crash reads what was written since the last checkpoint."""

_JOIN_S = 10.0
"""Until another process's server, which may be starting, accepts a connection."""

_FULL = "The database's disk is full, so that it takes no new connection: make room there, then try again."

_POLL_S = 0.02
_JOIN_POLL_S = 0.2

_RETRY_S = 5.0
"""Between attempts to start a server again that has ended by itself."""

_SHUTDOWN = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))
"""PostgreSQL's fast and immediate shutdown, then SIGKILL, each with its time limit in seconds."""

_SERVER = ("postgres",)
_INITDB = (
    *("initdb", "--username=postgres", "--encoding=UTF8", "--data-checksums", "--no-instructions"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
    *("--auth-local=peer", "--auth-host=reject"),
)
_SINGLE_USER = ("postgres", "--single", "-c", "exit_on_error=on", "-c", "logging_collector=off")
_GRANTS = (
    f"GRANT pg_checkpoint TO {ROLE}\nGRANT EXECUTE ON FUNCTION pg_switch_wal(), pg_ls_waldir() TO {ROLE}\n"
)
"""What removing deleted data from the write-ahead log takes."""
_BOOTSTRAP = (
    f"CREATE EXTENSION vector\nCREATE ROLE {ROLE} LOGIN\n{_GRANTS}CREATE DATABASE {DATABASE} OWNER {ROLE}\n"
)
"""A statement a line, in the template of all databases, so that the new one has all of it too.

The service's role owns its database and is no superuser; the superuser can't log in at all.
"""

logger = logging.getLogger("face.database")


class EmbeddedPostgres:
    """Starts the server, starts it again when it ends, and stops it. An object belongs to one event loop."""

    def __init__(self, data_dir: Path) -> None:
        self._cluster = Cluster(data_dir.resolve())
        self._held = ExitStack()
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._url: str | None = None

    @property
    def url(self) -> str:
        """A `postgresql+asyncpg://` URL, valid in this process while the server runs."""
        if self._url is None:
            raise RuntimeError("The embedded server is not running.")
        return self._url

    async def start(self) -> str:
        """Start the server, with a new cluster if there is none; returns `url`.

        Call it in a thread that lives as long as the service: the server ends with that thread.

        Raises:
            DataDirectoryInUse: another process has the data directory.
            StartupError: the server does not start; its log is in the data directory.
        """
        if self._url is not None:
            return self._url
        try:
            self._url = await self._start()
        except OSError as error:
            await self.stop()
            raise StartupError(
                f"FACE_DATA_DIR: PostgreSQL can't start in {self._cluster.data_dir}: {error.strerror or error}"
            ) from error
        except BaseException:
            await self.stop()
            raise
        return self._url

    async def join(self) -> str:
        """As `start`, or connect to the server that another process of this account runs, and ends.

        Raises:
            DataDirectoryInUse: another process has the data directory, and its server accepts no connection.
            StartupError: as `start`, or the disk is full.
        """
        try:
            return await self.start()
        except DataDirectoryInUse:
            self._url = await self._joined()
            if self._url is None:
                raise
        return self._url

    async def stop(self) -> None:
        """Shut the server down and release the data directory. Calling it again does nothing."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        process, self._process, self._url = self._process, None, None
        try:
            if process is not None:
                await _end(process)
                await stop_servers(self._cluster.path)
                await stop_servers(self._cluster.draft)
        finally:
            self._held.close()

    async def _start(self) -> str:
        if sys.platform != "linux":
            raise StartupError("The embedded PostgreSQL needs Linux: set FACE_DATABASE_URL to a server.")
        cluster, binaries, service = self._cluster, find_binaries(), service_account()
        self._held.enter_context(owned(cluster.data_dir))
        cluster.start_log.write_bytes(b"")
        cluster.start_log.chmod(0o600)
        await stop_servers(cluster.path)
        if not cluster.exists():
            await self._create(binaries, service)
        cluster.check_version()
        if not cluster.grants.exists():
            # Made by an earlier version, or a copy.
            await self._execute(binaries, service, cluster.path, DATABASE, _GRANTS)
            cluster.grants.touch(0o600)
        host = self._socket_folder()
        process = await self._serve(binaries, service, host)
        self._keeper = asyncio.create_task(self._keep(process, binaries, service, host))
        return _url(host)

    async def _joined(self) -> str | None:
        deadline = asyncio.get_running_loop().time() + _JOIN_S
        while asyncio.get_running_loop().time() < deadline:
            try:
                host = self._socket_folder()
                await _connect_once(host)
            except asyncpg.DiskFullError as error:
                raise StartupError(_FULL) from error
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                self._held.close()
            else:
                return _url(host)
            await asyncio.sleep(_JOIN_POLL_S)
        return None

    async def _serve(self, binaries: Binaries, service: Account, host: str) -> Process:
        path = self._cluster.path
        account = server_account(service, path)
        process = await self._launch(binaries, account, path, _SERVER, _config(service))
        await self._ready(process, host)
        return process

    async def _keep(self, process: Process, binaries: Binaries, service: Account, host: str) -> None:
        """Start the server again when it ends by itself, as when the kernel is short of memory."""
        while True:
            status = await process.wait()
            outcome = f"status {status}" if status >= 0 else signal.Signals(-status).name
            logger.error("the embedded PostgreSQL has ended (%s), and is started again", outcome)
            try:
                await stop_servers(self._cluster.path)
                process = await self._serve(binaries, service, host)
                logger.info("the embedded PostgreSQL runs again")
            except (StartupError, OSError) as error:
                logger.error("the embedded PostgreSQL can't be started, and is tried again: %s", error)  # noqa: TRY400
                await asyncio.sleep(_RETRY_S)

    async def _create(self, binaries: Binaries, service: Account) -> None:
        cluster, draft = self._cluster, self._cluster.draft
        await stop_servers(draft)
        cluster.discard_draft()
        account = server_account(service, draft)
        draft.mkdir(mode=0o700)
        if account != service:
            os.chown(draft, account.uid, account.gid)
        await self._finish(await self._launch(binaries, account, draft, _INITDB, {}))
        await self._execute(binaries, service, draft, "template1", _BOOTSTRAP)
        cluster.adopt_draft()
        cluster.grants.touch(0o600)

    async def _execute(
        self, binaries: Binaries, service: Account, folder: Path, database: str, statements: str
    ) -> None:
        """Execute statements, one a line, as the superuser, who can't log in, while no server runs."""
        account, command = server_account(service, folder), (*_SINGLE_USER, database)
        process = await self._launch(binaries, account, folder, command, _config(service))
        await self._finish(process, statements.encode())

    async def _launch(
        self,
        binaries: Binaries,
        account: Account,
        folder: Path,
        command: tuple[str, ...],
        files: dict[str, str],
    ) -> Process:
        launch = Launch(
            program=str(binaries.program(command[0])),
            arguments=list(command[1:]),
            installation=[str(binaries.prefix), str(binaries.libraries)],
            cluster=str(folder),
            uid=account.uid,
            gid=account.gid,
            account=account.name,
            parent=os.getpid(),
            files=files,
        )
        with self._cluster.start_log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", launcher.__file__, json.dumps(asdict(launch))),
                stdin=PIPE if "--single" in command else DEVNULL,
                stdout=DEVNULL,
                stderr=log,
                # Ctrl-C in the service's terminal is for the service.
                start_new_session=True,
            )
        return self._process

    async def _finish(self, process: Process, text: bytes | None = None) -> None:
        await process.communicate(text)
        if process.returncode != 0:
            raise self._cluster.failure()

    async def _ready(self, process: Process, host: str) -> None:
        try:
            async with asyncio.timeout(_START_S):
                while not self._cluster.is_ready(process.pid):
                    if process.returncode is not None:
                        raise self._cluster.failure()
                    await asyncio.sleep(_POLL_S)
                await _connect_once(host)
        except (OSError, asyncpg.PostgresError) as error:
            raise self._cluster.failure() from error

    def _socket_folder(self) -> str:
        """The folder of the server's socket: its path or, if that won't do, a file descriptor of this process."""
        if self._cluster.has_reachable_socket():
            return str(self._cluster.path)
        descriptor = os.open(self._cluster.path, os.O_PATH | os.O_DIRECTORY)
        self._held.callback(os.close, descriptor)
        return f"/proc/self/fd/{descriptor}"


def _url(host: str) -> str:
    query = {"host": host, "port": str(PORT)}
    return URL.create("postgresql+asyncpg", username=ROLE, database=DATABASE, query=query).render_as_string()


async def _connect_once(host: str) -> None:
    connection = await asyncpg.connect(host=host, port=PORT, user=ROLE, database=DATABASE)
    await connection.close()


def _config(service: Account) -> dict[str, str]:
    return config_files(service.name, machine_memory())


async def _end(process: Process) -> None:
    for kind, patience in _SHUTDOWN:
        if process.returncode is not None:
            return
        process.send_signal(kind)
        try:
            await asyncio.wait_for(process.wait(), patience)
        except TimeoutError:
            continue
