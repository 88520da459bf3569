"""`face-api export`, `import` and `reembed`: an instance is moved, and its crops embedded under another model."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bulk import EXACT, LARGEST, refused, report_of, run
from tests.e2e.service import Service


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Iterator[tuple[Service, Service]]:
    """An instance with people, metadata and crops, and one that its archive was imported into."""
    old, new = tmp_path_factory.mktemp("old"), tmp_path_factory.mktemp("new")
    run(old, "enroll", photos, *LARGEST, FACE_STORE_CROPS="true")
    run(old, "enroll", photos, *LARGEST, "--collection", "other", "--create")
    with Service(old, EXACT) as service:
        person = service.client.get("/api/profile").json()["data"][0]
        body = {"metadata": {"team": ["red", 1]}}
        assert service.client.patch(f"/api/profile/{person['id']}", json=body).status_code == 200
        service.client.post("/api/profile", json={"name": "Nobody yet"})
        report = report_of(old, "export", "people.zip", "--crops")
        assert (report["people"], report["faces"], report["crops"]) == (9, 24, 12)
        assert stat.S_IMODE((old / "people.zip").stat().st_mode) == 0o600
        report = report_of(new, "import", old / "people.zip")
        assert (report["new_people"], report["new_faces"]) == (9, 24)
        with Service(new, EXACT) as other:
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
        report = report_of(new, "import", old / "people.zip")
        assert (report["people"], report["new_people"], report["faces"], report["new_faces"]) == (9, 0, 24, 0)

    def test_a_file_that_is_cut_off(self, moved: tuple[Service, Service], tmp_path: Path) -> None:
        data = (moved[0].directory / "people.zip").read_bytes()
        (tmp_path / "cut.zip").write_bytes(data[:-1000])
        assert "it may have been cut off" in refused(tmp_path, "import", "cut.zip")

    def test_beside_others_new_ids_are_given_and_report_of(
        self, moved: tuple[Service, Service], tmp_path: Path
    ) -> None:
        with Service(tmp_path) as service:
            first = moved[0].client.get("/api/profile").json()["data"][0]
            here = service.client.post("/api/profile", json={"name": first["name"]}).json()["data"]["id"]
            for name in "ABCDEFGHIJKLMNO":
                service.client.post("/api/profile", json={"name": name})
            report = report_of(tmp_path, "import", moved[0].directory / "people.zip")
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
        report = report_of(new, "reembed", *to, **models)
        assert (report["embedded"], report["without_crop"], report["failed"]) == (0, 12, 0)
        under = ("--recognition", to[1], *LARGEST)
        assert report_of(new, "identify", photos, *under, **models)["match"] == 12
        faces = moved[1].client.get("/api/face").json()["data"]
        assert {face["recognition_model"] for face in faces} == {"sface", to[1]}
        assert report_of(new, "enroll", photos, *under, **models)["known"] == 12


def test_reembed_of_an_unknown_model_is_one_line(tmp_path: Path) -> None:
    assert "There is no recognition model named 'vgg'" in refused(tmp_path, "reembed", "--to", "vgg")
