"""A client that was written for the API that this service continues: ids are integers, wherever they are."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from domain.people import MAX_ID
from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service


class Client:
    """Knows nothing of this project but addresses and integers."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def register(self, name: str, image: bytes) -> tuple[int, int]:
        answer = self._http.post(
            "/api/face/register", params={"name": name}, files={"image": ("photo.png", image, "image/png")}
        )
        face = answer.raise_for_status().json()["data"]
        return self._id(face["id"]), self._id(face["profile_id"])

    def recognize(self, image: bytes) -> tuple[int, int, str, float] | None:
        """Nobody is None."""
        answer = self._http.post("/api/face/recognize", files={"image": ("photo.png", image, "image/png")})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        face = answer.raise_for_status().json()["data"]
        return self._id(face["id"]), self._id(face["profile_id"]), str(face["name"]), float(face["distance"])

    def faces(self) -> list[tuple[int, int, str]]:
        answer = self._http.get("/api/face").raise_for_status().json()
        return [(self._id(each["id"]), self._id(each["profile_id"]), each["name"]) for each in answer["data"]]

    def delete(self, face_id: int) -> None:
        self._http.delete(f"/api/face/{face_id:d}").raise_for_status()

    @staticmethod
    def _id(value: object) -> int:
        assert isinstance(value, int)
        assert 1 <= value <= 2**53 - 1
        return value


def test_the_tour_of_an_original_client(service: Service, astronaut: bytes, portraits: list[bytes]) -> None:
    client = Client(service.client)
    first, profile = client.register("Ada", astronaut)
    second, same_profile = client.register("Grace", portraits[0])[0], client.faces()[0][1]
    assert first < second
    assert profile == same_profile
    found = client.recognize(astronaut)
    assert found is not None
    assert found[:3] == (first, profile, "Ada")
    assert found[3] < 0.1  # by an estimate of the embedding
    assert [(face, name) for face, _, name in client.faces()] == [(first, "Ada"), (second, "Grace")]
    client.delete(first)
    assert client.recognize(astronaut) is None
    assert [face for face, _, _ in client.faces()] == [second]
    again, anew = client.register("Ada", astronaut)
    assert again > second
    assert anew > profile


def test_ids_are_integers_in_every_answer(service: Service, astronaut: bytes, portraits: list[bytes]) -> None:
    ada = envelope(service.register("Ada", astronaut))["data"]
    grace = envelope(service.register("Grace", portraits[0]))["data"]
    profile, face = ada["profile_id"], ada["id"]
    photo = {"image": ("photo", astronaut)}
    answers = [
        envelope(service.client.request(method, address, params=params, files=files))
        for method, address, params, files in (
            ("POST", "/api/face/recognize", {"top_k": 2}, photo),
            ("POST", "/api/face/recognize", {"faces": "all"}, photo),
            ("POST", "/api/face/search", {}, photo),
            ("GET", "/api/face", {"limit": 1}, None),
            ("GET", "/api/face", {"after": face, "profile_id": grace["profile_id"]}, None),
            ("GET", "/api/profile", {"limit": 1}, None),
            ("GET", "/api/profile", {"after": profile}, None),
            ("GET", f"/api/profile/{profile}", {}, None),
            ("POST", f"/api/face/{face}/move", {"profile_id": grace["profile_id"]}, None),
        )
    ]
    answers.append(envelope(service.register("Heidi", portraits[1], on_conflict="warn")))
    rejected = service.register("Somebody", astronaut, on_conflict="reject")
    answers.append(envelope(rejected, 409))
    found = [pair for answer in answers for pair in _ids(answer)]
    assert {key for key, _ in found} == {"id", "profile_id", "next"}
    assert [(key, value) for key, value in found if type(value) is not int or value < 1] == []


def _ids(told: object) -> Iterator[tuple[str, object]]:
    """What an answer has that names a face, a person or the next page."""
    match told:
        case dict():
            for key, value in told.items():
                if key in {"id", "profile_id", "next"}:
                    yield key, value
                else:
                    yield from _ids(value)
        case list():
            for each in told:
                yield from _ids(each)


@pytest.mark.parametrize("wrong", [0, -1, MAX_ID + 1, 10**30])
def test_what_can_be_no_id_is_refused(service: Service, astronaut: bytes, wrong: int) -> None:
    client = service.client
    photo = {"image": ("photo", astronaut)}
    for response in (
        client.delete(f"/api/face/{wrong}"),
        client.post(f"/api/face/{wrong}/move", params={"profile_id": 1}),
        client.post("/api/face/1/move", params={"profile_id": wrong}),
        client.get("/api/face", params={"after": wrong}),
        client.get("/api/face", params={"profile_id": wrong}),
        client.get("/api/profile", params={"after": wrong}),
        client.get(f"/api/profile/{wrong}"),
        client.patch(f"/api/profile/{wrong}", json={}),
        client.delete(f"/api/profile/{wrong}"),
        client.post(f"/api/profile/{wrong}/merge", params={"into": 1}),
        client.post("/api/profile/1/merge", params={"into": wrong}),
        client.post("/api/face/register", params={"profile_id": wrong}, files=photo),
        client.post("/api/face/verify", params={"profile_id": wrong}, files=photo),
    ):
        refusal(response, 422, "validation_error")


def test_the_greatest_id_is_one_that_nobody_has(service: Service, astronaut: bytes) -> None:
    client = service.client
    photo = {"image": ("photo", astronaut)}
    refusal(client.delete(f"/api/face/{MAX_ID}"), 404, "face_not_found")
    refusal(client.post(f"/api/face/{MAX_ID}/move", params={"profile_id": 1}), 404, "face_not_found")
    refusal(client.get(f"/api/profile/{MAX_ID}"), 404, "profile_not_found")
    register = client.post("/api/face/register", params={"profile_id": MAX_ID}, files=photo)
    refusal(register, 404, "profile_not_found")
    assert envelope(client.get("/api/face", params={"after": MAX_ID}))["data"] == []


def test_the_description_says_so(service: Service) -> None:
    description = service.client.get("/openapi.json").json()
    schemas = list(_schemas(description))
    assert len(schemas) > 25
    for schema in schemas:
        kinds = {schema.get("type"), *(each.get("type") for each in schema.get("oneOf", []))}
        assert "integer" in kinds
        assert kinds <= {"integer", "null", None}
        assert (schema["format"], schema["minimum"], schema["maximum"]) == ("int64", 1, MAX_ID)


def _schemas(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Of all parameters and fields that are ids."""
    names = {"id", "profile_id", "face_id", "into"}
    for path, item in description["paths"].items():
        if "/session" in path:  # whose ids are random text, which nobody guesses
            continue
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                cursor = parameter["name"] == "after" and path != "/api/collection"
                if parameter["name"] in names or cursor:
                    yield parameter["schema"]
    for title, schema in description["components"]["schemas"].items():
        if "Session" in title or title == "StartedView":
            continue
        for name, field in schema.get("properties", {}).items():
            if name in names or (name == "next" and "Collection" not in title):
                yield field
