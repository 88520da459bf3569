"""`face-api backup` and `restore`: an instance is lost, and another one takes its place."""

import asyncio
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.embedded_postgres.server import EmbeddedPostgres
from entrypoints.bootstrap.container import CALIBRATIONS
from tests.e2e.bulk import EXACT, LARGEST, refused, report_of, run
from tests.e2e.service import Service


@dataclass(frozen=True)
class Lost:
    """An instance that is gone."""

    backup: Path
    secret: str
    answers: list[Any]


def answers(service: Service, secret: str, photos: Path) -> list[Any]:
    """All that can be seen of an instance, and who its people are taken for, with similarities and thresholds."""
    service.client.headers["X-API-Key"] = secret
    keys = service.client.get("/api/key").json()["data"]
    found: list[Any] = [{**key, "last_used_at": None} for key in keys]
    for path in ("collection", "profile", "face", "face?collection=other", "collection/default/calibration"):
        found.append(service.client.get(f"/api/{path}").json()["data"])
        assert found[-1]
    for photo in sorted(photos.glob("*/*.jpg")):
        answer = service.recognize(photo.read_bytes(), top_k="3").json()
        assert answer["status"] == "success"
        assert answer["data"]["name"] == photo.parent.name
        found.append(answer["data"])
    return found


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Lost:
    """Backed up while it ran: people, crops, a key, and an operator's own calibration."""
    old = tmp_path_factory.mktemp("old")
    run(old, "enroll", photos, *LARGEST, FACE_STORE_CROPS="true")
    run(old, "enroll", photos, *LARGEST, "--collection", "other", "--create")
    secret = run(old, "keys", "create", "operator", "--scope", "admin").strip()
    table = (CALIBRATIONS / "sface.toml").read_text()
    (old / "data" / "calibration").mkdir()
    own = re.sub(r" threshold = ([\d.]+)", lambda found: f" threshold = {float(found[1]) + 0.05:.4f}", table)
    (old / "data" / "calibration" / "sface.toml").write_text(own)
    with Service(old, EXACT) as service:
        found = answers(service, secret, photos)
        report = report_of(old, "backup", "backup.zip")
    assert (report["people"], report["faces"], report["keys"], report["files"]) == (8, 24, 1, 1)
    assert stat.S_IMODE((old / "backup.zip").stat().st_mode) == 0o600
    assert secret.encode() not in (old / "backup.zip").read_bytes()
    return Lost(old / "backup.zip", secret, found)


async def url_of(data: Path) -> str:
    server = EmbeddedPostgres(data)
    url = await server.join()
    await server.stop()
    return url


class TestRestored:
    def test_with_the_embedded_server(self, lost: Lost, photos: Path, tmp_path: Path) -> None:
        report = report_of(tmp_path, "restore", lost.backup)
        assert (report["people"], report["faces"], report["keys"], report["files"]) == (8, 24, 1, 1)
        with Service(tmp_path, EXACT) as service:
            assert service.client.get("/api/face").status_code == 401
            assert answers(service, lost.secret, photos) == lost.answers
            assert "there are API keys here" in refused(tmp_path, "restore", lost.backup)
        run(tmp_path, "backup", "again.zip")
        assert "12 crops" in run(tmp_path, "export", "people.zip", "--crops")

    def test_with_another_server_while_the_service_runs(
        self, lost: Lost, photos: Path, tmp_path: Path
    ) -> None:
        for name in ("server", "new"):
            (tmp_path / name).mkdir()
        with Service(tmp_path / "server") as server:
            database = {"FACE_DATABASE_URL": asyncio.run(url_of(server.directory / "data"))}
            with Service(tmp_path / "new", {**database, **EXACT}) as service:
                run(tmp_path / "new", "restore", lost.backup, **database)
                service.stop()
                service.start()  # the calibration table of before is read at the start
                assert answers(service, lost.secret, photos) == lost.answers
                report = report_of(tmp_path / "new", "backup", "again.zip", **database)
                assert (report["people"], report["faces"], report["keys"]) == (8, 24, 1)

    def test_not_over_people(self, lost: Lost, tmp_path: Path) -> None:
        with Service(tmp_path) as service:
            assert service.client.post("/api/profile", json={"name": "Ann"}).status_code == 200
            assert "there are people here" in refused(tmp_path, "restore", lost.backup)
            (collection,) = service.client.get("/api/collection").json()["data"]
            assert (collection["name"], collection["profiles"]) == ("default", 1)

    def test_a_file_that_is_cut_off(self, lost: Lost, tmp_path: Path) -> None:
        (tmp_path / "cut.zip").write_bytes(lost.backup.read_bytes()[:-1000])
        assert "it may have been cut off" in refused(tmp_path, "restore", "cut.zip")
