"""Enrolments that are stopped, and continued by the same command."""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.files.archive.reader import reading
from tests.e2e.bulk import LARGEST, report_of, run, settings
from tests.e2e.service import FACE_API, unconfigured

PHOTOS = 30


def contents(folder: Path) -> list[tuple[object, ...]]:
    """What an instance has, but for ids."""
    run(folder, "export", folder / "contents.zip")
    with reading(folder / "contents.zip") as archive:
        names = {
            person.id: person.name
            for section in archive.sections
            for page in section.people
            for person in archive.people(page)
        }
        return sorted(
            (names[each.profile_id], each.digest, each.embedding.vector.tobytes(), each.embedding.model)
            for section in archive.sections
            for page in section.faces
            for each in archive.faces(page)
        )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, lfw: Path) -> Path:
    """So many photos that a signal comes before the last."""
    folder = tmp_path_factory.mktemp("many")
    for photo in sorted((lfw / "images").glob("*/*.jpg"))[:PHOTOS]:
        (folder / photo.parent.name).mkdir(exist_ok=True)
        shutil.copy(photo, folder / photo.parent.name)
    return folder


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, many: Path) -> Path:
    """An instance in which all of them are enrolled."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert report_of(folder, "enroll", many, *LARGEST)["enrolled"] > 0.9 * PHOTOS
    return folder


def started(folder: Path, photos: Path) -> subprocess.Popen[str]:
    """An enrolment that is at work."""
    return subprocess.Popen(
        [FACE_API, "enroll", str(photos), *LARGEST],
        env={**unconfigured(), **settings(folder, FACE_WORKERS="1")},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class TestInterruption:
    async def enrolled(self, folder: Path) -> int:
        """The faces in the database of a command that is running; 0 as long as there is none."""
        try:
            server = EmbeddedPostgres(folder / "data")
            joined = await server._joined()
            if joined is None:
                return 0
            url = make_url(joined)
            connection = await asyncpg.connect(
                host=url.query["host"], port=url.query["port"], user=url.username, database=url.database
            )
        except (OSError, asyncpg.PostgresError):
            return 0
        try:
            faces: int = await connection.fetchval("SELECT count(*) FROM face")
        except asyncpg.PostgresError:
            return 0
        else:
            return faces
        finally:
            await connection.close()
            await server.stop()

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
    async def test_is_continued_to_the_same_result(
        self, tmp_path: Path, many: Path, uninterrupted: Path, number: signal.Signals
    ) -> None:
        process = started(tmp_path, many)
        deadline = time.monotonic() + 180
        while not (begun := await self.enrolled(tmp_path)):
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.send_signal(number)
        _, said = process.communicate(timeout=180)
        if number is not signal.SIGKILL:
            assert process.returncode == 130
            assert said.splitlines()[-1] == "stopped; run the same command again to go on"
        assert begun < 0.9 * PHOTOS
        report = report_of(tmp_path, "enroll", many, *LARGEST)
        assert report["known"] >= begun
        assert report["enrolled"] > 0
        assert contents(tmp_path) == contents(uninterrupted)
