"""Detection, embeddings, search and verification, over a real socket."""

import base64
import io
import zipfile
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service

UNKNOWN = str(2**53 - 1)


def post(service: Service, operation: str, image: bytes, **query: str) -> httpx.Response:
    return service.client.post(f"/api/face/{operation}", params=query, files={"image": ("photo", image)})


def test_faces_are_detected_in_pixels_of_the_image(service: Service, astronaut: bytes) -> None:
    (face,) = envelope(post(service, "detect", astronaut))["data"]
    box, landmarks = face["box"], np.array(face["landmarks"])
    assert 0.8 < face["score"] <= 1
    assert 0 < box["x"] < box["x"] + box["width"] < 512
    assert landmarks.shape == (5, 2)
    assert (
        (landmarks >= (box["x"], box["y"]))
        & (landmarks <= (box["x"] + box["width"], box["y"] + box["height"]))
    ).all()


def test_a_photo_without_faces_is_an_empty_list(service: Service, landscape: bytes) -> None:
    assert envelope(post(service, "detect", landscape))["data"] == []
    assert envelope(post(service, "search", landscape))["data"] == []
    assert envelope(post(service, "embed", landscape))["data"] == []
    assert envelope(post(service, "recognize", landscape, faces="all"))["data"] == []


@pytest.mark.parametrize(("photo", "people"), [("couple.jpg", 2), ("selfie-many-people.jpg", 7)])
def test_every_face_of_a_group_is_found_and_answered(
    service: Service, assets: Path, photo: str, people: int
) -> None:
    image = (assets / "faces" / "groups" / photo).read_bytes()
    detected = envelope(post(service, "detect", image))["data"]
    assert len(detected) == people
    searched = envelope(post(service, "search", image))["data"]
    assert [entry["face"] for entry in searched] == detected
    assert all(entry["verdict"] == "unknown" for entry in searched)


@pytest.mark.parametrize("operation", ["detect", "search", "embed", "recognize"])
def test_a_request_says_how_small_a_face_may_be(service: Service, astronaut: bytes, operation: str) -> None:
    asked = {} if operation == "detect" else {"faces": "all"}
    for pixels in ("32", "1000"):
        found = envelope(post(service, operation, astronaut, min_face=pixels, **asked))["data"]
        assert len(found) == 1
    for pixels in ("31", "1001", "small"):
        refusal(post(service, operation, astronaut, min_face=pixels, **asked), 422, "validation_error")


def test_a_search_answers_with_people_and_its_grounds(service: Service, astronaut: bytes) -> None:
    face = envelope(service.register("Eileen", astronaut))["data"]
    (found,) = envelope(post(service, "search", astronaut, top_k="3"))["data"]
    (candidate,) = found["candidates"]
    assert found["verdict"] == "match"
    assert found["searched"] == 1
    assert 0.3 < found["threshold"] < 0.6
    assert 0 < found["fmr"] <= 1e-4
    assert (candidate["profile_id"], candidate["id"]) == (face["profile_id"], face["id"])
    assert candidate["similarity"] == pytest.approx(1, abs=0.1)  # perhaps an estimate
    assert candidate["distance"] == pytest.approx(1 - candidate["similarity"], abs=1e-5)


def test_recognise_tells_more_when_asked(service: Service, astronaut: bytes) -> None:
    envelope(service.register("Eileen", astronaut))
    short = envelope(service.recognize(astronaut))["data"]
    long = envelope(service.recognize(astronaut, top_k="2"))["data"]
    assert set(short) == {"id", "profile_id", "name", "distance"}
    assert set(long) == set(short) | {"similarity", "threshold", "fmr", "candidates"}
    (every,) = envelope(service.recognize(astronaut, faces="all"))["data"]
    assert every["candidates"][0]["name"] == "Eileen"


@pytest.mark.parametrize("method", ["nearest", "mean", "template"])
def test_every_method_recognises(service: Service, astronaut: bytes, method: str) -> None:
    envelope(service.register("Eileen", astronaut))
    assert envelope(service.recognize(astronaut, method=method))["data"]["name"] == "Eileen"


@pytest.mark.parametrize("method", ["guess", "vote"])
def test_an_unknown_method_is_refused(service: Service, astronaut: bytes, method: str) -> None:
    refusal(service.recognize(astronaut, method=method), 422, "validation_error")


def test_two_people_with_one_face_are_ambiguous(service: Service, astronaut: bytes) -> None:
    for name in ("Eileen", "Collins"):
        envelope(service.register(name, astronaut))
    response = service.recognize(astronaut)
    refusal(response, 409, "ambiguous_match")
    assert {person["name"] for person in response.json()["data"]} == {"Eileen", "Collins"}
    (found,) = envelope(post(service, "search", astronaut))["data"]
    assert found["verdict"] == "ambiguous"


def test_a_search_can_be_narrowed_by_metadata(service: Service, astronaut: bytes) -> None:
    envelope(service.client.post("/api/profile", json={"name": "Eileen", "metadata": {"site": "north"}}))
    envelope(service.register("Eileen", astronaut))
    assert envelope(service.recognize(astronaut, metadata='{"site": "north"}'))["data"]["name"] == "Eileen"
    refusal(service.recognize(astronaut, metadata='{"site": "south"}'), 404, "no_match")
    refusal(service.recognize(astronaut, metadata="north"), 422, "invalid_metadata")


def test_two_photos_are_compared(service: Service, astronaut: bytes, assets: Path) -> None:
    def verify(one: bytes, other: bytes) -> dict[str, object]:
        files = {"image1": ("one", one), "image2": ("other", other)}
        data: dict[str, object] = envelope(service.client.post("/api/face/verify", files=files))["data"]
        return data

    same = verify(astronaut, astronaut)
    assert set(same) == {"similarity", "distance", "threshold", "fmr", "verdict"}
    assert (same["verdict"], same["fmr"]) == ("match", 1e-4)
    other = verify(astronaut, (assets / "faces" / "groups" / "couple.jpg").read_bytes())
    assert other["verdict"] == "no_match"


def test_a_photo_is_compared_with_a_person(service: Service, astronaut: bytes) -> None:
    face = envelope(service.register("Eileen", astronaut))["data"]
    for who in ({"name": "Eileen"}, {"profile_id": face["profile_id"]}):
        assert envelope(post(service, "verify", astronaut, **who))["data"]["verdict"] == "match"
    refusal(post(service, "verify", astronaut, name="Nobody"), 404, "profile_not_found")
    refusal(post(service, "verify", astronaut, profile_id=UNKNOWN), 404, "profile_not_found")
    refusal(post(service, "verify", astronaut), 422, "validation_error")
    refusal(post(service, "verify", astronaut, name="Eileen", profile_id=UNKNOWN), 422, "validation_error")


def test_embeddings_go_out_and_come_back(service: Service, astronaut: bytes) -> None:
    (embedded,) = envelope(post(service, "embed", astronaut))["data"]
    body = {"embedding": embedded["embedding"]}
    assert np.linalg.norm(body["embedding"]) == pytest.approx(1, abs=1e-5)
    envelope(service.client.post("/api/face/register", json=body, params={"name": "Eileen"}))
    assert envelope(service.recognize(astronaut))["data"]["name"] == "Eileen"
    assert envelope(service.client.post("/api/face/recognize", json=body))["data"]["name"] == "Eileen"


@pytest.mark.parametrize(
    "vector", [[], [1.0], [0.0] * 128, [1.0] * 128, [1.0] + [0.0] * 126, [1e39] + [0.0] * 127]
)
def test_what_is_no_embedding_is_refused(service: Service, vector: list[float]) -> None:
    response = service.client.post("/api/face/recognize", json={"embedding": vector})
    refusal(response, 422, "invalid_embedding")


def test_photos_may_come_in_json(service: Service, astronaut: bytes) -> None:
    text = base64.b64encode(astronaut).decode()
    for image in (text, f"data:image/png;base64,{text}"):
        (face,) = envelope(service.client.post("/api/face/detect", json={"image": image}))["data"]
        assert face["score"] > 0.8
    for bad in ("?", "data:image/png,xyz", "http://127.0.0.1/photo.png", "file:///etc/passwd"):
        refusal(service.client.post("/api/face/detect", json={"image": bad}), 422, "invalid_image")
    bodies: list[object] = [{}, {"image": 3}, {"image": text, "embedding": [1.0]}, []]
    for body in bodies:
        refusal(service.client.post("/api/face/recognize", json=body), 422, "validation_error")


def test_a_batch_is_answered_item_by_item(service: Service, astronaut: bytes, landscape: bytes) -> None:
    form = [
        ("name", (None, b"Eileen")),
        ("image", ("1.png", astronaut)),
        ("image", ("2.png", landscape)),
        ("name", (None, b"Collins")),
        ("image", ("3.png", b"no image")),
    ]
    answer = envelope(service.client.post("/api/face/register/batch", files=form))
    assert answer["detail"] == "1 of 3 faces registered"
    first, second, third = answer["data"]
    assert (first["index"], first["name"], first["face"]["name"]) == (0, "Eileen", "Eileen")
    assert (second["name"], second["error"]["code"]) == ("Eileen", "no_face_detected")
    assert (third["name"], third["error"]["code"]) == ("Collins", "invalid_image")
    again = envelope(service.client.post("/api/face/register/batch", files=form))
    assert again["data"] == answer["data"]


def test_a_batch_may_be_a_zip(service: Service, astronaut: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("people/Eileen/1.png", astronaut)
    files = {"archive": ("people.zip", packed.getvalue())}
    (only,) = envelope(service.client.post("/api/face/register/batch", files=files))["data"]
    assert only["face"]["name"] == "Eileen"


def test_a_damaged_photo_of_a_zip_fails_alone(service: Service, astronaut: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Eileen/1.png", astronaut)
        start = packed.tell()
        archive.writestr("Collins/2.png", astronaut)
        archive.writestr("nobody.png", astronaut)
    damaged = bytearray(packed.getvalue())
    damaged[start + 60 : start + 80] = bytes(20)
    files = {"archive": ("people.zip", bytes(damaged))}
    good, bad, nobody = envelope(service.client.post("/api/face/register/batch", files=files))["data"]
    assert good["face"]["name"] == "Eileen"
    assert bad["error"]["code"] == "invalid_image"
    assert nobody["error"]["code"] == "invalid_name"


def bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/1.bmp", bytes(10_000_000))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("field", "content", "status", "code"),
    [
        ("archive", b"no zip", 422, "validation_error"),
        ("archive", bomb(), 413, "image_too_large"),
        ("image", b"before any name", 422, "validation_error"),
        ("other", b"", 422, "validation_error"),
    ],
    ids=["no zip", "a bomb", "an image before any name", "another field"],  # a zip has the time in it
)
def test_a_bad_batch_is_refused(service: Service, field: str, content: bytes, status: int, code: str) -> None:
    files = {field: ("file", content)}
    refusal(service.client.post("/api/face/register/batch", files=files), status, code)
