"""The commands on many faces, as an operator runs them: real photos, real database, killed and continued."""

import json
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from adapters.embedded_postgres.server import EmbeddedPostgres
from adapters.files.archive.reader import reading
from tests.e2e.service import FACE_API, Service, face_api, furnish, unconfigured

LARGEST = ("--faces", "largest")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, lfw: Path) -> Path:
    """A folder a person: 12 photos of 4 people."""
    folder = tmp_path_factory.mktemp("people")
    people = [person for person in sorted((lfw / "images").iterdir()) if len(list(person.iterdir())) > 2]
    for person in people[:4]:
        (folder / person.name).mkdir()
        for photo in sorted(person.iterdir())[:3]:
            shutil.copy(photo, folder / person.name)
    return folder


def settings(folder: Path, **more: str) -> dict[str, str]:
    furnish(folder / "data")
    return {"FACE_DATA_DIR": str(folder / "data"), **more}


def run(folder: Path, *arguments: str | Path, **more: str) -> str:
    """What a command prints that must succeed."""
    result = face_api(folder, *map(str, arguments), **settings(folder, **more))
    assert result.returncode == 0, result.stderr
    return result.stdout


def told(folder: Path, *arguments: str | Path, **more: str) -> dict[str, Any]:
    """The report of a command that must succeed."""
    report: dict[str, Any] = json.loads(run(folder, *arguments, "--json", **more))
    return report


def refused(folder: Path, *arguments: str | Path, **more: str) -> str:
    """The line, behind what bars are left of it, that a command must fail with."""
    result = face_api(folder, *map(str, arguments), **settings(folder, **more))
    assert (result.returncode, result.stdout) == (1, "")
    *bars, line = result.stderr.splitlines()
    assert all("/" in bar for bar in bars), result.stderr
    return line


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


class TestEnroll:
    def test_a_folder_with_good_and_bad_photos(self, tmp_path: Path, photos: Path, landscape: bytes) -> None:
        folder = tmp_path / "people"
        shutil.copytree(photos, folder)
        person = min(folder.iterdir())
        (person / "coffee.png").write_bytes(landscape)
        (person / "text.jpg").write_text("no photo")
        odd = Path(os.fsdecode(os.fsencode(folder) + b"/zz\xff"))
        odd.mkdir()
        (odd / "face.png").write_bytes(landscape)
        report = tmp_path / "report.json"
        text = run(tmp_path, "enroll", folder, *LARGEST, "--report", report)
        assert f"refused  {person / 'coffee.png'}: No face was found in the image." in text
        assert "15 photos in " in text
        assert ": 12 enrolled, 0 known already, 3 refused" in text
        assert stat.S_IMODE(report.stat().st_mode) == 0o600
        told_of = json.loads(report.read_text())
        assert (told_of["enrolled"], told_of["refused_by_code"]) == (
            12,
            {"no_face_detected": 1, "invalid_image": 1, "invalid_name": 1},
        )
        assert [item["photo"] for item in told_of["items"]] == [
            str(path).replace("\udcff", "\N{REPLACEMENT CHARACTER}")
            for each in sorted(folder.iterdir())
            for path in sorted(each.iterdir())
        ]
        again = told(tmp_path, "enroll", folder, *LARGEST)
        assert (again["enrolled"], again["known"], again["refused"]) == (0, 12, 3)
        ids = [item.get("face_id") for item in told_of["items"]]
        assert [item.get("face_id") for item in again["items"]] == ids
        assert len(set(ids)) == 13

    def test_a_table(self, tmp_path: Path, photos: Path) -> None:
        rows = [
            "name,path",
            *(f'"{path.parent.name}, Dr",{path}' for path in sorted(photos.glob("*/*1.jpg"))),
        ]
        (tmp_path / "people.csv").write_text("\n".join([*rows, "Nobody,absent.jpg", ""]))
        report = told(tmp_path, "enroll", "--csv", "people.csv", *LARGEST)
        assert (report["enrolled"], report["refused_by_code"]) == (4, {"invalid_image": 1})
        assert {item["name"] for item in report["items"]} == {
            *(f"{folder.name}, Dr" for folder in photos.iterdir()),
            "Nobody",
        }

    def test_a_table_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "people.csv").write_text("Ann,a.jpg\nBob\n")
        assert refused(tmp_path, "enroll", "--csv", "people.csv").endswith("row 2: it must be name,path")

    def test_a_collection(self, tmp_path: Path, photos: Path) -> None:
        there = (photos, "--collection", "staff")
        assert "there is no collection staff: --create makes it" in refused(tmp_path, "enroll", *there)
        report = told(tmp_path, "enroll", *there, "--create", "--on-conflict", "warn", *LARGEST)
        assert (report["collection"], report["enrolled"]) == ("staff", 12)
        assert told(tmp_path, "identify", photos, "--collection", "staff")["match"] >= 12
        assert told(tmp_path, "identify", photos)["match"] == 0

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--recognition", "arcface_r50"), "face-api models pull arcface_r50"),
            (("--recognition", "vgg"), "There is no recognition model named 'vgg'"),
            (("--collection", "No Way"), "lower-case letters"),
            (("--report", "nowhere/report.json"), "there is no folder nowhere"),
        ],
    )
    def test_what_concerns_all_photos_is_one_line(
        self, tmp_path: Path, photos: Path, arguments: tuple[str, ...], words: str
    ) -> None:
        assert words in refused(tmp_path, "enroll", photos, *arguments)

    def test_a_database_that_is_not_there(self, tmp_path: Path, photos: Path) -> None:
        said = refused(tmp_path, "enroll", photos, FACE_DATABASE_URL="memory")
        assert "FACE_DATABASE_URL is memory" in said
        url = "postgresql+asyncpg://face:secret@127.0.0.1:1/face"
        said = refused(tmp_path, "enroll", photos, FACE_DATABASE_URL=url)
        assert "The database does not answer" in said
        assert "secret" not in said


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, lfw: Path) -> Path:
    """60 photos."""
    folder = tmp_path_factory.mktemp("many")
    for photo in sorted((lfw / "images").glob("*/*.jpg"))[:60]:
        (folder / photo.parent.name).mkdir(exist_ok=True)
        shutil.copy(photo, folder / photo.parent.name)
    return folder


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, many: Path) -> Path:
    """An instance in which all of them are enrolled."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert told(folder, "enroll", many, *LARGEST)["enrolled"] > 54
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
        deadline = time.monotonic() + 60
        while not (begun := await self.enrolled(tmp_path)):
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        if number is not signal.SIGKILL:
            assert process.returncode == 130
            assert said.splitlines()[-1] == "stopped; run the same command again to go on"
        assert begun < 54
        report = told(tmp_path, "enroll", many, *LARGEST)
        assert report["known"] >= begun
        assert report["enrolled"] > 0
        assert contents(tmp_path) == contents(uninterrupted)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """Everybody's first photo."""
    folder = tmp_path_factory.mktemp("instance")
    rows = "\n".join(f"{path.parent.name},{path}" for path in sorted(photos.glob("*/*1.jpg")))
    (folder / "people.csv").write_text(rows)
    run(folder, "enroll", "--csv", "people.csv", *LARGEST)
    return folder


class TestIdentify:
    def test_a_line_a_face(self, instance: Path, photos: Path) -> None:
        person = min(photos.iterdir())
        first, *others = sorted(person.iterdir())
        lines = run(instance, "identify", first, others[0], *LARGEST).splitlines()
        assert lines[0] == f"{first}: {person.name} (1.00)"
        assert lines[1].startswith(f"{others[0]}: {person.name} (0.")
        assert lines[-1].startswith("2 photos, 2 faces in ")

    def test_the_report(self, instance: Path, photos: Path, landscape: bytes, lfw: Path) -> None:
        folder = instance / "probes"
        folder.mkdir()
        (folder / "a.png").write_bytes(landscape)
        (folder / "b.jpg").write_text("no photo")
        shutil.copy(max((lfw / "images").glob("*/*.jpg")), folder / "c.jpg")
        report = told(instance, "identify", folder, min(photos.glob("*/*.jpg")), "--top-k", "3", *LARGEST)
        codes = [item.get("code") for item in report["items"]]
        assert codes == ["no_face_detected", "invalid_image", None, None]
        stranger, known = (item["faces"][0] for item in report["items"][2:])
        assert (stranger["verdict"], known["verdict"]) == ("unknown", "match")
        assert len(known["people"]) == 3
        assert known["people"][0]["similarity"] > known["threshold"] > 0.3
        assert (report["failed"], report["match"], report["unknown"]) == (2, 1, 1)


def test_beside_a_service_that_runs(tmp_path: Path, photos: Path) -> None:
    """The service has the data directory, and its database serves both."""
    with Service(tmp_path) as service:
        assert told(tmp_path, "enroll", photos, *LARGEST)["enrolled"] == 12
        person = min(photos.iterdir())
        found = service.recognize(min(person.iterdir()).read_bytes()).json()["data"]
        assert found["name"] == person.name
        assert told(tmp_path, "identify", person, *LARGEST)["match"] == 3
        run(tmp_path, "export", "people.zip")
    assert told(tmp_path, "import", "people.zip")["new_faces"] == 0


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Iterator[tuple[Service, Service]]:
    """An instance with people, metadata and crops, and one that its archive was imported into."""
    old, new = tmp_path_factory.mktemp("old"), tmp_path_factory.mktemp("new")
    run(old, "enroll", photos, *LARGEST, FACE_STORE_CROPS="true")
    run(old, "enroll", photos, *LARGEST, "--collection", "other", "--create")
    with Service(old) as service:
        person = service.client.get("/api/profile").json()["data"][0]
        body = {"metadata": {"team": ["red", 1]}}
        assert service.client.patch(f"/api/profile/{person['id']}", json=body).status_code == 200
        service.client.post("/api/profile", json={"name": "Nobody yet"})
        report = told(old, "export", "people.zip", "--crops")
        assert (report["people"], report["faces"], report["crops"]) == (9, 24, 12)
        assert stat.S_IMODE((old / "people.zip").stat().st_mode) == 0o600
        report = told(new, "import", old / "people.zip")
        assert (report["new_people"], report["new_faces"]) == (9, 24)
        with Service(new) as other:
            yield service, other


class TestMove:
    def test_everything_is_listed_alike(self, moved: tuple[Service, Service]) -> None:
        for path in ("face", "profile", "collection", "face?collection=other", "profile?collection=other"):
            one, two = (service.client.get(f"/api/{path}").json()["data"] for service in moved)
            assert one == two
            assert one

    def test_everybody_is_recognised_alike(self, moved: tuple[Service, Service], photos: Path) -> None:
        for path in photos.glob("*/*.jpg"):
            one, two = (service.recognize(path.read_bytes(), top_k="3").json() for service in moved)
            assert one["data"] == two["data"]
            assert one["status"] == "success"

    def test_a_second_import_changes_nothing(self, moved: tuple[Service, Service]) -> None:
        old, new = (service.directory for service in moved)
        report = told(new, "import", old / "people.zip")
        assert (report["people"], report["new_people"], report["faces"], report["new_faces"]) == (9, 0, 24, 0)

    def test_a_file_that_is_cut_off(self, moved: tuple[Service, Service], tmp_path: Path) -> None:
        data = (moved[0].directory / "people.zip").read_bytes()
        (tmp_path / "cut.zip").write_bytes(data[:-1000])
        assert "it may have been cut off" in refused(tmp_path, "import", "cut.zip")

    def test_beside_others_new_ids_are_given_and_told(
        self, moved: tuple[Service, Service], tmp_path: Path
    ) -> None:
        with Service(tmp_path) as service:
            first = moved[0].client.get("/api/profile").json()["data"][0]
            here = service.client.post("/api/profile", json={"name": first["name"]}).json()["data"]["id"]
            for name in "ABCDEFGHIJKLMNO":
                service.client.post("/api/profile", json={"name": name})
            report = told(tmp_path, "import", moved[0].directory / "people.zip")
            assert (report["new_people"], report["new_faces"]) == (8, 24)
            new = {(each["collection"], each["kind"], each["old"]): each["new"] for each in report["new_ids"]}
            assert new.get(("default", "person", first["id"]), first["id"]) == here
            for old in moved[0].client.get("/api/profile?collection=other").json()["data"]:
                now = service.client.get(f"/api/profile/{new['other', 'person', old['id']]}?collection=other")
                assert now.json()["data"]["name"] == old["name"]

    def test_crops_are_embedded_under_another_model(
        self, moved: tuple[Service, Service], photos: Path, assets: Path
    ) -> None:
        """In the new instance, from the crops that came along."""
        new, models = moved[1].directory, {"FACE_MODELS_DIR": str(assets / "models")}
        to = ("--to", "arcface_mobilefacenet_128")
        text = run(new, "reembed", *to, **models)
        assert "12 faces embedded with arcface_mobilefacenet_128" in text
        assert "12 faces have no crop and can't be embedded again" in text
        report = told(new, "reembed", *to, **models)
        assert (report["embedded"], report["without_crop"], report["failed"]) == (0, 12, 0)
        under = ("--recognition", to[1], *LARGEST)
        assert told(new, "identify", photos, *under, **models)["match"] == 12
        faces = moved[1].client.get("/api/face").json()["data"]
        assert {face["recognition_model"] for face in faces} == {"sface", to[1]}
        assert told(new, "enroll", photos, *under, **models)["known"] == 12


def test_reembed_of_an_unknown_model_is_one_line(tmp_path: Path) -> None:
    assert "There is no recognition model named 'vgg'" in refused(tmp_path, "reembed", "--to", "vgg")


def test_help_names_every_command() -> None:
    text = subprocess.check_output([FACE_API, "--help"], text=True, env={"PATH": os.environ["PATH"]})
    for command in ("enroll", "identify", "export", "import", "reembed"):
        assert f"  {command} " in text
