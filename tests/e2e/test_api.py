"""The API as existing clients speak it, over a real socket, with a real face."""

import pytest

from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service


def another_file(image: bytes) -> bytes:
    """The same picture in a file that is not the same."""
    return image + b"\0"


UNKNOWN = 2**53 - 1


def test_register_list_recognise_delete(service: Service, astronaut: bytes) -> None:
    registered = envelope(service.register("Eileen", astronaut))
    assert registered["detail"] == "Face registered"
    face = registered["data"]
    assert set(face) == {"id", "profile_id", "name"}
    assert face["name"] == "Eileen"

    listed = envelope(service.client.get("/api/face"))
    assert listed["detail"] == "Face embeddings retrieved"
    assert listed["data"] == [{**face, "recognition_model": "sface", "detection_model": "yunet"}]

    recognized = envelope(service.recognize(astronaut))
    assert recognized["detail"] == "Face recognized"
    assert {**recognized["data"], "distance": None} == {**face, "distance": None}
    # Registering looks for every face, recognition for the largest: their landmarks differ by a little.
    assert recognized["data"]["distance"] == pytest.approx(0, abs=0.1)  # perhaps of an estimate

    deleted = envelope(service.client.delete(f"/api/face/{face['id']}"))
    assert deleted["detail"] == "Face embedding deleted"
    assert "data" not in deleted
    assert envelope(service.client.get("/api/face"))["data"] == []
    refusal(service.recognize(astronaut), 404, "no_match")


def test_the_same_name_adds_a_face_to_the_same_profile(service: Service, astronaut: bytes) -> None:
    photos = astronaut, another_file(astronaut)
    one, two = [envelope(service.register("Eileen", photo))["data"] for photo in photos]
    assert one["profile_id"] == two["profile_id"]
    assert one["id"] != two["id"]


def test_models_may_be_named(service: Service, astronaut: bytes) -> None:
    models = {"detection_model": "yunet", "recognition_model": "sface"}
    envelope(service.register("Eileen", astronaut, **models))
    assert envelope(service.recognize(astronaut, **models))["data"]["name"] == "Eileen"


def test_an_unknown_model_is_refused_with_those_available(service: Service, astronaut: bytes) -> None:
    detail = refusal(service.recognize(astronaut, detection_model="haar"), 422, "unknown_model")
    assert "yunet" in detail
    detail = refusal(service.register("E", astronaut, recognition_model="yunet"), 422, "unknown_model")
    assert "sface" in detail


def test_a_threshold_of_the_request_tightens(service: Service, astronaut: bytes) -> None:
    envelope(service.register("Eileen", astronaut))
    refusal(service.recognize(astronaut[:], threshold="2"), 422, "validation_error")
    envelope(service.recognize(astronaut, threshold="0.98"))


def test_listing_in_pages_and_filtered(service: Service, astronaut: bytes) -> None:
    photos = (("A", astronaut), ("B", astronaut), ("A", another_file(astronaut)))
    ids = [envelope(service.register(name, photo))["data"]["id"] for name, photo in photos]
    page = envelope(service.client.get("/api/face", params={"limit": 2}))
    assert [face["id"] for face in page["data"]] == ids[:2]
    rest = envelope(service.client.get("/api/face", params={"limit": 2, "after": page["next"]}))
    assert [face["id"] for face in rest["data"]] == ids[2:]
    assert "next" not in rest
    named = envelope(service.client.get("/api/face", params={"name": "A"}))
    assert [face["id"] for face in named["data"]] == [ids[0], ids[2]]
    profile = page["data"][1]["profile_id"]
    of_profile = envelope(service.client.get("/api/face", params={"profile_id": profile}))
    assert [face["id"] for face in of_profile["data"]] == [ids[1]]
    assert envelope(service.client.get("/api/face", params={"recognition_model": "none"}))["data"] == []


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "1001"}, {"after": "x"}, {"profile_id": "x"}])
def test_bad_parameters_are_named(service: Service, query: dict[str, str]) -> None:
    detail = refusal(service.client.get("/api/face", params=query), 422, "validation_error")
    assert next(iter(query)) in detail


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb"])
def test_a_bad_name_is_refused(service: Service, astronaut: bytes, name: str) -> None:
    refusal(service.register(name, astronaut), 422, "invalid_name")


def test_a_name_is_needed(service: Service, astronaut: bytes) -> None:
    response = service.client.post("/api/face/register", files={"image": ("photo", astronaut)})
    assert "name" in refusal(response, 422, "validation_error")


@pytest.mark.parametrize("data", [b"", b"hello", b"\xff\xd8\xff\xe0broken", b"GIF89a"])
def test_what_is_not_an_image_is_refused(service: Service, data: bytes) -> None:
    refusal(service.recognize(data), 422, "invalid_image")


def test_a_truncated_photo_is_refused(service: Service, astronaut: bytes) -> None:
    refusal(service.recognize(astronaut[: len(astronaut) // 2]), 422, "invalid_image")


def test_a_photo_without_a_face_is_refused(service: Service, landscape: bytes) -> None:
    refusal(service.recognize(landscape), 422, "no_face_detected")
    refusal(service.register("Nobody", landscape), 422, "no_face_detected")


def test_a_request_over_the_limit_is_refused(service: Service) -> None:
    refusal(service.recognize(bytes(16_000_000)), 413, "image_too_large")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"--x", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\n\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_request_that_is_no_form_with_a_photo_is_refused(
    service: Service, content: bytes, kind: str
) -> None:
    response = service.client.post("/api/face/recognize", content=content, headers={"content-type": kind})
    refusal(response, 422, "validation_error")


def test_an_unknown_face_cannot_be_deleted(service: Service) -> None:
    refusal(service.client.delete(f"/api/face/{UNKNOWN}"), 404, "face_not_found")


def test_addresses_and_methods_that_are_not_there(service: Service) -> None:
    refusal(service.client.get("/api/nothing"), 404, "not_found")
    refusal(service.client.delete("/api/face/not-a-number"), 404, "not_found")
    refusal(service.client.put("/api/face"), 405, "method_not_allowed")


def test_health(service: Service) -> None:
    envelope(service.client.get("/health/live"))
    envelope(service.client.get("/health/ready"))


def test_the_documentation_page_needs_no_other_server(service: Service) -> None:
    page = service.client.get("/")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")
    for asset in ("docs/swagger-ui-bundle.js", "docs/swagger-ui.css", "docs/favicon.png"):
        assert asset in page.text
        compressed = service.client.get(asset)
        assert compressed.status_code == 200
        plain = service.client.get(asset, headers={"accept-encoding": "identity"})
        assert plain.content == compressed.content
    refusal(service.client.get("/docs/..%2f..%2fpyproject.toml"), 404, "not_found")


def test_the_description_lists_every_operation(service: Service) -> None:
    description = service.client.get("/openapi.json").json()
    assert description["openapi"].startswith("3.1")
    operations = {(path, method) for path, item in description["paths"].items() for method in item}
    assert operations >= {
        ("/api/face", "get"),
        ("/api/face/register", "post"),
        ("/api/face/recognize", "post"),
        ("/api/face/{face_id}", "delete"),
        ("/health/live", "get"),
        ("/health/ready", "get"),
    }
    form = description["paths"]["/api/face/register"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert form["schema"]["required"] == ["image"]


def test_names_never_reach_the_log(service: Service, astronaut: bytes) -> None:
    envelope(service.register("Unmistakable Name", astronaut))
    envelope(service.client.get("/api/face", params={"name": "Unmistakable Name"}))
    assert "Unmistakable" not in service.log.read_text()
