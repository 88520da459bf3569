"""Deletions answer with a receipt, beside all that they answered before."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.e2e.envelope import envelope
from tests.e2e.service import Service

DATABASE = ["database_rows", "write_ahead_log", "index_files"]
AUDIT = timedelta(days=183)


def receipt_of(response: httpx.Response) -> dict[str, object]:
    body = envelope(response)
    assert set(body) == {"timestamp", "status", "detail", "receipt"}
    receipt: dict[str, object] = body["receipt"]
    at = datetime.fromisoformat(str(receipt.pop("at")))
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)
    remnants = receipt.pop("may_remain")
    assert isinstance(remnants, list)
    latest = {one["where"]: datetime.fromisoformat(one["latest"]) - at for one in remnants if "latest" in one}
    assert latest.pop("audit_entries") == AUDIT
    assert latest in ({"index_files": timedelta(minutes=6)}, {})
    assert all(one["until"] for one in remnants)
    return {**receipt, "where": [one["where"] for one in remnants]}


@pytest.fixture
def places(service: Service) -> list[str]:
    """Where something remains: of people in memory nothing of the database."""
    kept = service.settings["FACE_DATABASE_URL"] == "embedded"
    return [
        *(DATABASE if kept else []),
        "idempotency_answers",
        "audit_entries",
        *(["operator_copies"] if kept else []),
    ]


def test_of_a_face_and_of_its_person_with_the_last(
    service: Service, portraits: list[bytes], places: list[str]
) -> None:
    first = envelope(service.register("Ada", portraits[0]))["data"]
    second = envelope(service.register("Ada", portraits[1], on_conflict="allow"))["data"]
    for face, people in ((first, 0), (second, 1)):
        assert receipt_of(service.client.delete(f"/api/face/{face['id']}")) == {
            "deleted": "face",
            "collection": "default",
            "id": face["id"],
            "people": people,
            "faces": 1,
            "where": places,
        }


def test_of_a_person_and_of_a_collection(service: Service, portraits: list[bytes], places: list[str]) -> None:
    service.client.delete("/api/collection/receipts")
    envelope(service.client.post("/api/collection", json={"name": "receipts"}))
    within = {"collection": "receipts"}
    ada = envelope(service.register("Ada", portraits[0], **within))["data"]
    envelope(service.register("Bob", portraits[1], **within))
    envelope(service.register("Bob", portraits[2], on_conflict="allow", **within))
    person = receipt_of(service.client.delete(f"/api/profile/{ada['profile_id']}", params=within))
    assert person == {
        "deleted": "person",
        "collection": "receipts",
        "id": ada["profile_id"],
        "people": 1,
        "faces": 1,
        "where": places,
    }
    collection = receipt_of(service.client.delete("/api/collection/receipts"))
    assert collection == {
        "deleted": "collection",
        "collection": "receipts",
        "people": 1,
        "faces": 2,
        "where": places,
    }


def test_says_what_is_configured(tmp_path: Path) -> None:
    settings = {"FACE_SEARCH": "pgvector", "FACE_AUDIT_NAMES": "true"}
    with Service(tmp_path, settings) as service:
        person = envelope(service.client.post("/api/profile", json={"name": "Ada"}))["data"]
        receipt = envelope(service.client.delete(f"/api/profile/{person['id']}"))["receipt"]
    places = {one["where"]: one["until"] for one in receipt["may_remain"]}
    assert "index_files" not in places
    assert "ids and names" in places["audit_entries"]
