"""`face-api purge` beside a running service and without one: the whole data directory is searched."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.envelope import envelope
from tests.e2e.service import Service, face_api

NAME = "Wilhelmina-Unmistakable"


def needles(service: Service, profile_id: int) -> dict[str, bytes]:
    """Bytes of what is stored about a person."""
    person = envelope(service.client.get(f"/api/profile/{profile_id}/export"))["data"]
    (face,) = person["faces"]
    numbers = np.array(face["embedding"], "<f4").tobytes()
    crop = base64.b64decode(face["crop"])
    return {
        "first half": numbers[: len(numbers) // 2],
        "second half": numbers[len(numbers) // 2 :],
        "crop": crop[len(crop) // 2 :][:64],
        "name": person["name"].encode(),
        "photo's digest": bytes.fromhex(face["photo_sha256"]),
    }


def found(data: Path, secrets: dict[str, bytes]) -> set[str]:
    contents = {
        path.read_bytes() for path in data.rglob("*") if path.is_file()
    }  # databases are copies of others
    return {
        what
        for what, secret in secrets.items()
        for piece in pieces(secret)
        if any(piece in content for content in contents)
    }


def pieces(secret: bytes) -> list[bytes]:
    """Parts of at most 32 bytes, as pages of the write-ahead log end anywhere."""
    return [secret[start : start + 32] for start in range(0, len(secret), 32)]


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_nothing_is_found_afterwards(tmp_path: Path, portraits: list[bytes], *, running: bool) -> None:
    service = Service(tmp_path, {"FACE_STORE_CROPS": "true"})
    data = tmp_path / "data"
    with service:
        once = {"headers": {"Idempotency-Key": "once"}, "files": {"image": ("photo", portraits[0])}}
        gone = envelope(service.client.post("/api/face/register", params={"name": NAME}, **once))["data"]  # type: ignore[arg-type]
        stays = envelope(service.register("Bob", portraits[1]))["data"]
        secrets, others = needles(service, gone["profile_id"]), needles(service, stays["profile_id"])
        envelope(service.client.delete(f"/api/profile/{gone['profile_id']}"))
        assert found(data, secrets) >= {"first half", "second half", "name", "photo's digest"}
        if running:
            purged = face_api(tmp_path, "purge", "--json", FACE_DATA_DIR=str(data))
            assert envelope(service.recognize(portraits[1]))["data"]["name"] == "Bob"
    if not running:
        assert found(data, secrets)
        purged = face_api(tmp_path, "purge", "--json", FACE_DATA_DIR=str(data))
    report = json.loads(purged.stdout)
    assert (report["command"], report["left"]) == ("purge", [])
    assert found(data, secrets) == set()
    assert found(data, others) >= {"first half", "second half", "name", "photo's digest"}
    with Service(tmp_path) as again:
        entries = envelope(again.client.get("/api/audit"))["data"]
        assert [entry["action"] for entry in entries].count("purge") == 1
