"""People, collections and corrections, over a real socket."""

import json
from uuid import uuid4

import httpx
import pytest

from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service

UNKNOWN = 2**53 - 1


def profile_of(service: Service, name: str, image: bytes, **query: str) -> int:
    return int(envelope(service.register(name, image, faces="largest", **query))["data"]["profile_id"])


def test_a_person_can_be_created_found_renamed_and_deleted(service: Service, astronaut: bytes) -> None:
    created = envelope(service.client.post("/api/profile", json={"name": "Ada", "metadata": {"team": "red"}}))
    profile = created["data"]
    assert profile["faces"] == 0
    refusal(service.client.post("/api/profile", json={"name": "Ada"}), 409, "name_taken")
    assert profile_of(service, "Ada", astronaut) == profile["id"]

    found = envelope(service.client.get("/api/profile", params={"name": "Ad"}))["data"]
    assert [entry["name"] for entry in found] == ["Ada"]
    assert envelope(service.client.get("/api/profile", params={"name": "da"}))["data"] == []
    red = envelope(service.client.get("/api/profile", params={"metadata": json.dumps({"team": "red"})}))[
        "data"
    ]
    assert [entry["id"] for entry in red] == [profile["id"]]

    address = f"/api/profile/{profile['id']}"
    renamed = envelope(service.client.patch(address, json={"name": "Ada Lovelace"}))["data"]
    assert (renamed["name"], renamed["metadata"], renamed["faces"]) == ("Ada Lovelace", {"team": "red"}, 1)
    person = envelope(service.client.get(address))["data"]
    assert [face["name"] for face in person["faces"]] == ["Ada Lovelace"]

    assert "data" not in envelope(service.client.delete(address))
    refusal(service.client.get(address), 404, "profile_not_found")
    assert envelope(service.client.get("/api/face"))["data"] == []


def test_people_are_listed_in_pages(service: Service) -> None:
    for name in "abc":
        envelope(service.client.post("/api/profile", json={"name": name}))
    page = envelope(service.client.get("/api/profile", params={"limit": 2}))
    rest = envelope(service.client.get("/api/profile", params={"limit": 2, "after": page["next"]}))
    assert [entry["name"] for entry in page["data"] + rest["data"]] == ["a", "b", "c"]
    assert "next" not in rest


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": ""}, "invalid_name"),
        ({"name": "x", "metadata": {"text": "x" * 9000}}, "invalid_metadata"),
        ({"name": "x", "metadata": []}, "validation_error"),
        ({"name": "x", "age": 3}, "validation_error"),
        ([], "validation_error"),
    ],
)
def test_a_bad_person_is_refused(service: Service, body: object, code: str) -> None:
    refusal(service.client.post("/api/profile", json=body), 422, code)


def test_a_face_can_be_given_to_its_real_owner(service: Service, astronaut: bytes) -> None:
    wrong = envelope(service.register("Wrong", astronaut))["data"]
    right = envelope(service.client.post("/api/profile", json={"name": "Right"}))["data"]
    address = f"/api/face/{wrong['id']}/move"
    moved = envelope(service.client.post(address, params={"profile_id": right["id"]}))["data"]
    assert (moved["profile_id"], moved["name"]) == (right["id"], "Right")
    refusal(service.client.get(f"/api/profile/{wrong['profile_id']}"), 404, "profile_not_found")
    assert envelope(service.recognize(astronaut))["data"]["name"] == "Right"
    refusal(service.client.post(address, params={"profile_id": UNKNOWN}), 404, "profile_not_found")
    nowhere = f"/api/face/{UNKNOWN}/move"
    refusal(service.client.post(nowhere, params={"profile_id": right["id"]}), 404, "face_not_found")


def test_two_entries_of_one_person_can_be_merged(service: Service, portraits: list[bytes]) -> None:
    one, two = profile_of(service, "Ada", portraits[0]), profile_of(service, "Ada L", portraits[1])
    merged = envelope(service.client.post(f"/api/profile/{one}/merge", params={"into": two}))["data"]
    assert (merged["id"], merged["name"], merged["faces"]) == (two, "Ada L", 2)
    refusal(service.client.get(f"/api/profile/{one}"), 404, "profile_not_found")
    refusal(service.client.post(f"/api/profile/{one}/merge", params={"into": two}), 404, "profile_not_found")


def test_collections_never_meet(service: Service, astronaut: bytes) -> None:
    name = f"c{uuid4().hex[:8]}"
    envelope(service.client.post("/api/collection", json={"name": name}))
    refusal(service.client.post("/api/collection", json={"name": name}), 409, "collection_exists")
    face = envelope(service.register("Eileen", astronaut, collection=name))["data"]
    refusal(service.recognize(astronaut), 404, "no_match")
    assert envelope(service.client.get("/api/face"))["data"] == []
    refusal(service.client.delete(f"/api/face/{face['id']}"), 404, "face_not_found")
    refusal(service.client.get(f"/api/profile/{face['profile_id']}"), 404, "profile_not_found")
    assert envelope(service.recognize(astronaut, collection=name))["data"]["id"] == face["id"]
    (listed,) = [
        entry for entry in envelope(service.client.get("/api/collection"))["data"] if entry["name"] == name
    ]
    assert listed["profiles"] == 1
    envelope(service.client.delete(f"/api/collection/{name}"))
    refusal(service.recognize(astronaut, collection=name), 404, "collection_not_found")
    refusal(service.client.delete(f"/api/collection/{name}"), 404, "collection_not_found")


def test_a_collection_that_there_is_not_is_not_found_whatever_is_asked_of_it(
    service: Service, astronaut: bytes
) -> None:
    photo = {"image": ("photo", astronaut)}
    for method, path, form in (
        ("GET", "/api/face", {}),
        ("DELETE", "/api/face/1", {}),
        ("POST", "/api/face/1/move?profile_id=1", {}),
        ("POST", "/api/face/verify?name=Ada", {"files": photo}),
        ("POST", "/api/face/register?name=Ada", {"files": photo}),
        ("POST", "/api/face/search", {"files": photo}),
        ("GET", "/api/profile", {}),
        ("POST", "/api/profile", {"json": {"name": "Ada"}}),
        ("GET", "/api/profile/1", {}),
        ("GET", "/api/profile/1/export", {}),
        ("PATCH", "/api/profile/1", {"json": {"name": "Ada"}}),
        ("POST", "/api/profile/1/merge?into=2", {}),
        ("DELETE", "/api/profile/1", {}),
        ("GET", "/api/gallery/check", {}),
    ):
        there = path + ("&" if "?" in path else "?") + "collection=gone"
        refusal(service.client.request(method, there, **form), 404, "collection_not_found")


def test_the_default_collection_stays_and_names_are_plain(service: Service) -> None:
    refusal(service.client.delete("/api/collection/default"), 422, "invalid_collection")
    refusal(service.client.post("/api/collection", json={"name": "No Spaces"}), 422, "invalid_collection")


@pytest.mark.parametrize("name", ["No Spaces", "UPPER", "-a", "a/b", "", "x" * 64])
def test_a_parameter_that_can_name_no_collection(service: Service, astronaut: bytes, name: str) -> None:
    here = {"collection": name}
    refusal(service.client.get("/api/face", params=here), 422, "invalid_collection")
    refusal(service.client.delete(f"/api/face/{UNKNOWN}", params=here), 422, "invalid_collection")
    refusal(service.client.get("/api/profile", params=here), 422, "invalid_collection")
    refusal(service.recognize(astronaut, collection=name), 422, "invalid_collection")
    refusal(service.register("Ada", astronaut, collection=name), 422, "invalid_collection")


def test_the_same_photo_of_the_same_person_is_one_face(service: Service, astronaut: bytes) -> None:
    one, two = [envelope(service.register("Eileen", astronaut))["data"] for _ in range(2)]
    assert one == two
    assert len(envelope(service.client.get("/api/face"))["data"]) == 1


def test_a_repeated_request_is_carried_out_once(service: Service, portraits: list[bytes]) -> None:
    key = {"Idempotency-Key": uuid4().hex}

    def post(image: bytes) -> httpx.Response:
        return service.client.post(
            "/api/face/register",
            params={"name": "Ada", "faces": "largest"},
            files={"image": ("photo", image)},
            headers=key,
        )

    first, second = post(portraits[0]), post(portraits[0])
    assert first.json() == second.json()
    refusal(post(portraits[1]), 422, "idempotency_key_reused")


def test_a_doubtful_face_is_rejected_or_warned_of(
    service: Service, astronaut: bytes, portraits: list[bytes]
) -> None:
    profile_of(service, "Eileen", astronaut)
    rejected = service.register("Somebody else", astronaut, on_conflict="reject")
    refusal(rejected, 409, "enrolment_conflict")
    (reason,) = rejected.json()["data"]
    assert (reason["reason"], reason["name"]) == ("resembles_another_person", "Eileen")
    assert envelope(service.client.get("/api/profile", params={"name": "Somebody"}))["data"] == []

    warned = envelope(service.register("Eileen", portraits[0], faces="largest", on_conflict="warn"))["data"]
    assert [warning["reason"] for warning in warned["warnings"]] == ["differs_from_person"]
    unasked = envelope(service.register("Somebody else", astronaut))["data"]
    assert [warning["reason"] for warning in unasked["warnings"]] == ["resembles_another_person"]
    allowed = envelope(service.register("A third", astronaut, on_conflict="allow"))["data"]
    assert "warnings" not in allowed
