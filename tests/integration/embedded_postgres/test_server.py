"""The embedded server, real: what it keeps, whom it lets in, what it leaves alone, how it starts again."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from adapters.embedded_postgres import server as server_module
from adapters.embedded_postgres.ownership import DataDirectoryInUse, owned
from adapters.embedded_postgres.processes import processes_in
from adapters.embedded_postgres.server import EmbeddedPostgres
from application.errors import StartupError
from tests.integration.embedded_postgres.holder import as_user, holding, needs_setpriv


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose cluster is made; its server is down between tests."""
    data_dir = tmp_path_factory.mktemp("embedded") / "data"
    with holding(data_dir):
        pass
    return data_dir


@pytest.fixture
async def server(data_dir: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(data_dir)
    await server.start()
    yield server
    await server.stop()


async def connect(server: EmbeddedPostgres) -> "asyncpg.Connection[asyncpg.Record]":
    url = make_url(server.url)
    return await asyncpg.connect(
        host=url.query["host"], port=url.query["port"], user=url.username, database=url.database
    )


async def ask(server: EmbeddedPostgres, *statements: str) -> object:
    """The last statement's first value."""
    connection = await connect(server)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


def text_below(folder: Path) -> str:
    return "".join(log.read_text() for log in folder.rglob("*.log"))


async def test_it_has_pgvector_and_keeps_its_data(server: EmbeddedPostgres, data_dir: Path) -> None:
    await ask(server, "CREATE TABLE kept (v vector(2))", "INSERT INTO kept VALUES ('[3, 4]') RETURNING 1")
    await server.stop()
    await server.stop()
    assert processes_in(data_dir / "postgres") == set()
    await server.start()
    assert await ask(server, "SELECT v <-> '[0, 0]' FROM kept") == 5.0


async def test_it_is_durable_without_tcp_and_keeps_parameters_to_itself(server: EmbeddedPostgres) -> None:
    wanted = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_min_error_statement": "panic",
    }
    connection = await connect(server)
    found = await connection.fetch("SELECT name, setting FROM pg_settings WHERE name = ANY($1)", list(wanted))
    await connection.close()
    assert dict(found) == wanted


async def test_its_role_is_no_superuser(server: EmbeddedPostgres) -> None:
    assert await ask(server, "SHOW is_superuser") == "off"


async def test_a_second_owner_is_refused(server: EmbeddedPostgres, data_dir: Path) -> None:
    second = EmbeddedPostgres(data_dir)
    with pytest.raises(DataDirectoryInUse, match=rf"^The data directory {data_dir} is in use.*$"):
        await second.start()
    await second.stop()
    assert await ask(server, "SELECT 1") == 1


async def test_its_folders_are_private_and_only_this_user_is_let_in(
    server: EmbeddedPostgres, data_dir: Path
) -> None:
    assert await ask(server, "SELECT 1") == 1
    assert [folder.stat().st_mode & 0o777 for folder in (data_dir, data_dir / "postgres")] == [0o700, 0o700]
    assert (data_dir / "postgres" / ".s.PGSQL.5432").is_socket()
    assert (data_dir / "postgres" / "pg_hba.conf").read_text() == "local face face peer map=service\n"


async def test_the_servers_own_account_is_not_let_in(server: EmbeddedPostgres, data_dir: Path) -> None:
    assert await ask(server, "SELECT 1") == 1
    needs_setpriv()
    question = f"""
import asyncio, asyncpg
asyncio.run(asyncpg.connect(host={str(data_dir / "postgres")!r}, port=5432, user="face", database="face"))
"""
    owner = (data_dir / "postgres").owner()
    answer = await asyncio.to_thread(
        subprocess.run,
        [*as_user(owner), sys.executable, "-c", question],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 'Peer authentication failed for user "face"' in answer.stderr


async def test_ctrl_c_in_the_terminal_is_not_for_the_server(server: EmbeddedPostgres, data_dir: Path) -> None:
    assert await ask(server, "SELECT 1") == 1
    pids = processes_in(data_dir / "postgres")
    assert pids
    assert os.getpgid(0) not in {os.getpgid(pid) for pid in pids}


async def test_what_a_statement_carries_is_in_no_log(server: EmbeddedPostgres, data_dir: Path) -> None:
    connection = await connect(server)
    await connection.execute("CREATE TABLE secret (name text PRIMARY KEY)")
    await connection.execute("INSERT INTO secret VALUES ($1)", "Bluebeard")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO secret VALUES ($1)", "Bluebeard")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute("INSERT INTO secret VALUES ('Bluebeard')")
    await connection.close()
    await server.stop()
    assert "duplicate key" in text_below(data_dir)
    assert "Bluebeard" not in text_below(data_dir)


def test_a_pid_file_of_another_process_is_no_obstacle(data_dir: Path) -> None:
    cluster = data_dir / "postgres"
    owner = cluster.stat()
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid if os.geteuid() == 0 else None) as stranger:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (cluster / name).write_text(f"{stranger.pid}\n{cluster}\n0\n5432\n\n\n0 0\nready\n")
            os.chown(cluster / name, owner.st_uid, owner.st_gid)
        with holding(data_dir) as (answer, _):
            assert answer.isdecimal()
        assert stranger.poll() is None
        stranger.kill()


async def test_a_failed_start_is_one_line_and_lets_go(data_dir: Path) -> None:
    override = data_dir / "postgres" / "postgresql.auto.conf"
    before = override.read_bytes()
    override.write_text("shared_buffers = many\n")
    server = EmbeddedPostgres(data_dir)
    try:
        with pytest.raises(
            StartupError, match=r"^PostgreSQL does not start: [^\n]*FATAL[^\n]*postgres\.log[^\n]*$"
        ):
            await server.start()
    finally:
        override.write_bytes(before)
    await server.start()
    await server.stop()


async def test_another_major_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(StartupError, match="made by PostgreSQL 16"):
        await EmbeddedPostgres(tmp_path).start()


async def test_a_folder_that_is_no_cluster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "precious").touch()
    with pytest.raises(StartupError, match="is not a PostgreSQL cluster"):
        await EmbeddedPostgres(tmp_path).start()
    assert (tmp_path / "postgres" / "precious").exists()


async def test_a_server_that_ends_by_itself_is_started_again(
    server: EmbeddedPostgres, data_dir: Path
) -> None:
    await ask(server, "CREATE TABLE survives (n int)", "INSERT INTO survives VALUES (7) RETURNING n")
    pid_file = data_dir / "postgres" / "postmaster.pid"
    first = pid_file.read_text().split()[0]
    os.kill(int(first), signal.SIGKILL)
    deadline = time.monotonic() + 120
    found: object = None
    while found is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
        with contextlib.suppress(OSError, asyncpg.PostgresError):
            found = await ask(server, "SELECT n FROM survives")
    assert found == 7
    assert pid_file.read_text().split()[0] != first


@pytest.mark.parametrize("mode", [0o2770, 0o750, 0o777])
def test_permissions_that_a_mount_has_given_to_a_group_are_taken_back(data_dir: Path, mode: int) -> None:
    for path in [data_dir, *data_dir.rglob("*")]:  # as Kubernetes does with fsGroup
        path.chmod(path.stat().st_mode | (0o2070 if path.is_dir() else 0o060))
    (data_dir / "postgres").chmod(mode)
    with holding(data_dir) as (said, _):
        assert int(said) > 0
        assert (data_dir / "postgres").stat().st_mode & 0o777 == 0o700
    data_dir.chmod(0o700)


@pytest.mark.parametrize("name", ["Doe, Jane", "100%", "a?b#c&d=e", 'Müller\'s "data"', "@x:1"])
async def test_any_name_of_a_data_directory_will_do(tmp_path: Path, name: str) -> None:
    server = EmbeddedPostgres(tmp_path / name)
    try:
        await server.start()
        assert await ask(server, "SELECT 1") == 1
    finally:
        await server.stop()


async def test_a_long_path_and_a_half_made_cluster(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long " * 20) / ("é" * 60)
    (data_dir / "postgres.new" / "base").mkdir(parents=True)
    server = EmbeddedPostgres(data_dir)
    await server.start()
    assert await ask(server, "SELECT 1") == 1
    await server.stop()
    assert not (data_dir / "postgres.new").exists()


def test_a_killed_service_leaves_no_server_and_its_data(data_dir: Path) -> None:
    with holding(data_dir) as (first, process):
        process.kill()
    deadline = time.monotonic() + 120
    while processes_in(data_dir / "postgres"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with holding(data_dir) as (second, _):
        assert int(second) == int(first) + 1


def test_a_service_starts_at_once_after_a_killed_one(data_dir: Path) -> None:
    with holding(data_dir) as (first, process):
        process.kill()
    with holding(data_dir) as (second, _):
        assert int(second) == int(first) + 1


async def test_another_process_of_the_same_account_may_join(server: EmbeddedPostgres, data_dir: Path) -> None:
    guest = EmbeddedPostgres(data_dir)
    with pytest.raises(DataDirectoryInUse):
        await guest.start()
    await guest.join()
    assert await ask(guest, "SELECT 1") == 1
    await guest.stop()
    assert await ask(server, "SELECT 2") == 2


async def test_who_joins_starts_the_server_if_there_is_none(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    await server.join()
    assert await ask(server, "SELECT 1") == 1
    await server.stop()
    assert processes_in(data_dir / "postgres") == set()


async def test_a_data_directory_without_a_server_lets_nobody_join(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "_JOIN_S", 0.3)
    with owned(tmp_path), pytest.raises(DataDirectoryInUse, match=str(os.getpid())):
        await EmbeddedPostgres(tmp_path).join()


@pytest.mark.usefixtures("server")
async def test_a_server_whose_disk_is_full_is_told_from_another_program(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sessions go on; one that is new writes a file as it begins."""

    async def full(_: str) -> None:
        raise asyncpg.DiskFullError

    monkeypatch.setattr(server_module, "_connect_once", full)
    with pytest.raises(StartupError, match="disk is full"):
        await EmbeddedPostgres(data_dir).join()
