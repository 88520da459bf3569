"""`GET /api/profile/{id}/export`: everything that is stored about a person."""

import base64
import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from adapters.postgres import tables
from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service

SHOWN = {
    "profile": {"id", "collection", "name", "metadata", "created_at", "last_matched_on"},
    "face": {
        "id",
        "recognition_model",
        "detection_model",
        "embedding",
        "embedding_norm",
        "photo_sha256",
        "crop",
        "created_at",
    },
}
ELSEWHERE = {
    "profile": set[str](),
    # Of the person that the face is shown with; `digest` is photo_sha256; `revision` is a transaction's number;
    # `sealed` is the embedding, encrypted.
    "face": {"profile_id", "collection", "digest", "revision", "sealed"},
    # crop; of the face that it is shown with.
    "face_crop": {"face_id", "image", "sealed"},
}


@pytest.fixture(params=["embedded", "memory"])
def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> Service:
    return Service(tmp_path, {"FACE_DATABASE_URL": request.param, "FACE_STORE_CROPS": "true"})


def test_everything_that_is_stored(keeping: Service, astronaut: bytes) -> None:
    with keeping as service:
        face = envelope(service.register("Ada", astronaut, faces="largest"))["data"]
        sent = envelope(service.client.post("/api/face/embed", files={"image": ("photo", astronaut)}))[
            "data"
        ][0]
        address = f"/api/profile/{face['profile_id']}"
        envelope(service.client.patch(address, json={"metadata": {"team": "red"}}))
        person = envelope(service.client.get(f"{address}/export"))["data"]
        (stored,) = person.pop("faces")
        assert person.keys() == SHOWN["profile"]
        assert stored.keys() == SHOWN["face"]
        assert (person["id"], person["name"]) == (face["profile_id"], "Ada")
        assert (person["collection"], person["metadata"]) == ("default", {"team": "red"})
        assert stored["id"] == face["id"]
        assert stored["photo_sha256"] == hashlib.sha256(astronaut).hexdigest()
        assert np.dot(stored["embedding"], sent["embedding"]) > 0.98
        assert np.linalg.norm(stored["embedding"]) == pytest.approx(1)
        assert stored["embedding_norm"] > 0
        pixels = np.frombuffer(base64.b64decode(stored["crop"]), np.uint8)
        crop = cv2.imdecode(pixels, cv2.IMREAD_COLOR)
        assert crop is not None
        assert crop.shape == (112, 112, 3)


def test_in_pages_and_only_of_this_person(service: Service, portraits: list[bytes]) -> None:
    for photo in portraits[:3]:
        envelope(service.register("Ada", photo))
    envelope(service.register("Bob", portraits[3]))
    ada, bob = envelope(service.client.get("/api/profile"))["data"]
    address = f"/api/profile/{ada['id']}/export"
    found, after = list[int](), dict[str, int]()
    while True:
        page = envelope(service.client.get(address, params={"limit": 2, **after}))
        found += [face["id"] for face in page["data"]["faces"]]
        if "next" not in page:
            break
        after = {"after": page["next"]}
    faces = envelope(service.client.get("/api/face"))["data"]
    assert found == [face["id"] for face in faces if face["profile_id"] == ada["id"]]
    assert len(found) == 3
    refusal(service.client.get(f"/api/profile/{bob['id'] + 1}/export"), 404, "profile_not_found")
    refusal(service.client.get(address, params={"limit": 101}), 422, "validation_error")


def test_every_column_about_people_is_shown() -> None:
    """Whoever adds a column to these tables, or a table that refers to them, decides how it is shown."""
    about = {
        table.name
        for table in tables.metadata.tables.values()
        if table.name in ELSEWHERE or {key.column.table.name for key in table.foreign_keys} & ELSEWHERE.keys()
    }
    assert about == ELSEWHERE.keys()
    for name in about:
        assert set(tables.metadata.tables[name].columns.keys()) <= SHOWN.get(name, set()) | ELSEWHERE[name]
