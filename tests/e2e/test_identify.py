"""`face-api identify`, as an operator runs it."""

import json
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.bulk import LARGEST, report_of, run, settings
from tests.e2e.service import FACE_API, face_api, unconfigured

PHOTOS = 30
"""Of a command that is interrupted."""


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
        assert re.fullmatch(rf"{re.escape(str(first))}: {person.name} \((1\.00|0\.9[6-9])\)", lines[0])
        assert lines[1].startswith(f"{others[0]}: {person.name} (0.")
        assert lines[-1].startswith("2 photos, 2 faces in ")

    def test_the_report(self, instance: Path, photos: Path, landscape: bytes, lfw: Path) -> None:
        folder = instance / "probes"
        folder.mkdir()
        (folder / "a.png").write_bytes(landscape)
        (folder / "b.jpg").write_text("no photo")
        shutil.copy(max((lfw / "images").glob("*/*.jpg")), folder / "c.jpg")
        report = report_of(
            instance, "identify", folder, min(photos.glob("*/*.jpg")), "--top-k", "3", *LARGEST
        )
        codes = [item.get("code") for item in report["items"]]
        assert codes == ["no_face_detected", "invalid_image", None, None]
        stranger, known = (item["faces"][0] for item in report["items"][2:])
        assert (stranger["verdict"], known["verdict"]) == ("unknown", "match")
        assert len(known["people"]) == 3
        assert known["people"][0]["similarity"] > known["threshold"] > 0.3
        assert (report["failed"], report["match"], report["unknown"]) == (2, 1, 1)

    def test_the_status_says_whether_anybody_was_found(
        self, instance: Path, photos: Path, landscape: bytes, lfw: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "empty.png").write_bytes(landscape)
        nobody = (tmp_path / "empty.png", max((lfw / "images").glob("*/*.jpg")))
        for found, files in ((1, nobody), (0, (*nobody, min(photos.glob("*/*.jpg"))))):
            result = face_api(instance, "identify", *map(str, files), **settings(instance))
            assert result.returncode == found

    def test_links_to_folders_are_followed_once(self, instance: Path, photos: Path, tmp_path: Path) -> None:
        person = min(photos.iterdir())
        shutil.copytree(person, tmp_path / "probes" / "a")
        (tmp_path / "probes" / "cycle").symlink_to(tmp_path)
        (tmp_path / "probes" / "elsewhere").symlink_to(photos)
        (tmp_path / "probes" / "note.txt").touch()
        report = report_of(instance, "identify", tmp_path / "probes", *LARGEST)
        assert report["photos"] == 3 + 12
        skipped = [item["path"] for item in report["skipped"]]
        assert skipped == [str(tmp_path / "probes" / name) for name in ("cycle", "note.txt")]

    def test_answers_come_one_by_one_and_an_interrupted_run_is_continued(
        self, instance: Path, lfw: Path, tmp_path: Path
    ) -> None:
        for photo in sorted((lfw / "images").glob("*/*.jpg"))[:PHOTOS]:
            shutil.copy(photo, tmp_path)
        report = tmp_path / "report.json"
        with subprocess.Popen(
            [FACE_API, "identify", str(tmp_path), "--report", str(report), *LARGEST],
            env={**unconfigured(), **settings(instance, FACE_WORKERS="1")},
            cwd=instance,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            first = process.stdout.readline()
            process.send_signal(signal.SIGINT)
            lines = [first, *process.stdout]
            said = process.stderr.read()
        assert process.returncode == 130
        assert said.splitlines()[-1] == "stopped; run the same command again to go on"
        partial = json.loads(report.read_text())
        done = len(lines)
        assert (partial["complete"], len(partial["items"])) == (False, done)
        assert 0 < done < PHOTOS
        again = face_api(
            instance, "identify", str(tmp_path), "--report", str(report), *LARGEST, **settings(instance)
        )
        lines = again.stdout.splitlines()
        assert len(lines) == PHOTOS - done + 1 + 1  # report.json is skipped, and the summary
        assert lines[-1].startswith(f"{PHOTOS} photos, ")
        whole = json.loads(report.read_text())
        assert whole["items"][:done] == partial["items"]
        assert [Path(item["photo"]).name for item in whole["items"]] == sorted(
            path.name for path in tmp_path.glob("*.jpg")
        )
        assert "complete" not in whole
