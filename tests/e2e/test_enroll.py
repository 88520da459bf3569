"""`face-api enroll`, as an operator runs it: real photos, real database."""

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.e2e.bulk import LARGEST, refused, report_of, run, settings
from tests.e2e.service import Service, face_api, one_line


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
        done = json.loads(report.read_text())
        assert (done["enrolled"], done["refused_by_code"]) == (
            12,
            {"no_face_detected": 1, "invalid_image": 1, "invalid_name": 1},
        )
        assert [item["photo"] for item in done["items"]] == [
            str(path).replace("\udcff", "\N{REPLACEMENT CHARACTER}")
            for each in sorted(folder.iterdir())
            for path in sorted(each.iterdir())
        ]
        again = report_of(tmp_path, "enroll", folder, *LARGEST)
        assert (again["enrolled"], again["known"], again["refused"]) == (0, 12, 3)
        ids = [item.get("face_id") for item in done["items"]]
        assert [item.get("face_id") for item in again["items"]] == ids
        assert len(set(ids)) == 13

    def test_what_is_not_a_photo_of_somebody_is_reported(self, tmp_path: Path, astronaut: bytes) -> None:
        files = {
            *("Ada/1.png", "Ada/2023/nested.jfif", "Ada/._1.jpg", "Bo/IMG_1.HEIC", "Cy/a.jpe", "loose.jpg"),
            *("@eaDir/Ada/thumb.jpg", "#recycle/deleted.jpg", ".Trash-1000/files/old.jpg"),
        }
        for name in files:
            (tmp_path / "people" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "people" / name).write_bytes(astronaut)
        (tmp_path / "people" / "AdaLink").symlink_to("Ada")
        report = report_of(tmp_path, "enroll", "people")
        taken = {(item["name"], item["photo"]) for item in report["items"]}
        photos = {("Ada", "Ada/1.png"), ("Ada", "Ada/2023/nested.jfif"), ("Cy", "Cy/a.jpe")}
        assert taken == {(person, f"people/{photo}") for person, photo in photos}
        reasons = {item["path"]: item["reason"] for item in report["skipped"]}
        assert set(reasons) == {
            f"people/{name}" for name in {*files, "AdaLink"} - {photo for _, photo in photos}
        }
        assert reasons["people/Bo/IMG_1.HEIC"] == "HEIC photos can't be read: save it as JPEG"
        text = run(tmp_path, "enroll", "people")
        assert "skipped  people/loose.jpg: it is in no person's folder\n" in text
        assert text.endswith("  7 files skipped\n")

    def test_a_table(self, tmp_path: Path, photos: Path) -> None:
        rows = [
            "name,path",
            *(f'"{path.parent.name}, Dr",{path}' for path in sorted(photos.glob("*/*1.jpg"))),
        ]
        (tmp_path / "people.csv").write_text("\n".join([*rows, "Nobody,absent.jpg", ""]))
        report = report_of(tmp_path, "enroll", "--csv", "people.csv", *LARGEST)
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
        report = report_of(tmp_path, "enroll", *there, "--create", "--on-conflict", "warn", *LARGEST)
        assert (report["collection"], report["enrolled"]) == ("staff", 12)
        assert report_of(tmp_path, "identify", photos, "--collection", "staff")["match"] >= 12
        nobody = face_api(tmp_path, "identify", str(photos), **settings(tmp_path))
        assert (nobody.returncode, ": 0 matched" in nobody.stdout) == (1, True)

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
        assert "FACE_DATABASE_URL: the database does not answer" in said
        assert "secret" not in said


class TestDataDirectory:
    @pytest.mark.parametrize(
        ("command", "way_out"),
        [
            (("enroll", "people"), "or make a new one with --init"),
            (("import", "people.zip"), "or make a new one with --init"),
            (("identify", "people"), "or start the service there with face-api serve"),
            (("export", "new.zip"), "or start the service there with face-api serve"),
        ],
    )
    def test_is_not_made_unasked(
        self, tmp_path: Path, astronaut: bytes, command: tuple[str, ...], way_out: str
    ) -> None:
        (tmp_path / "people" / "Ada").mkdir(parents=True)
        (tmp_path / "people" / "Ada" / "1.png").write_bytes(astronaut)
        (tmp_path / "people.zip").touch()
        result = face_api(tmp_path, *command)
        assert (result.returncode, result.stdout) == (2, "")
        assert one_line(result.stderr) == (
            f"Error: there is no database in {tmp_path / 'data'}: set FACE_DATA_DIR to the service's data directory,"
            f" {way_out}"
        )
        assert not (tmp_path / "data").exists()

    def test_is_made_when_asked_and_named(self, tmp_path: Path, astronaut: bytes) -> None:
        (tmp_path / "people" / "Ada").mkdir(parents=True)
        (tmp_path / "people" / "Ada" / "1.png").write_bytes(astronaut)
        result = face_api(tmp_path, "enroll", "people", "--init")
        assert (result.returncode, ": 1 enrolled" in result.stdout) == (0, True)
        assert f"data directory: {tmp_path / 'data'}" in result.stderr.splitlines()
        assert (tmp_path / "data" / "postgres").is_dir()


def test_beside_a_service_that_runs(tmp_path: Path, photos: Path) -> None:
    """The service has the data directory, and its database serves both."""
    with Service(tmp_path) as service:
        assert report_of(tmp_path, "enroll", photos, *LARGEST)["enrolled"] == 12
        person = min(photos.iterdir())
        found = service.recognize(min(person.iterdir()).read_bytes()).json()["data"]
        assert found["name"] == person.name
        assert report_of(tmp_path, "identify", person, *LARGEST)["match"] == 3
        run(tmp_path, "export", "people.zip")
    assert report_of(tmp_path, "import", "people.zip")["new_faces"] == 0
