"""The audit trail, over HTTP, by the command line and in the log."""

import json
import secrets
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.service import Service, face_api
from tests.waiting import wait_until


def command(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    return face_api(service.directory, *arguments, FACE_DATA_DIR=str(service.directory / "data"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(tmp_path_factory.mktemp("audit"), {"FACE_AUDIT_LOG": "true"}) as service:
        yield service


def entries(service: Service, **query: object) -> list[dict[str, Any]]:
    query = {key: value for key, value in query.items() if value}  # behind entry 0 are all
    answer = service.client.get("/api/audit", params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def written(service: Service) -> None:
    """Wait until all that has happened is in the trail, which has it in its order, and the log what the trail has."""
    last = secrets.token_hex(8)
    service.client.get("/api/audit", params={"limit": 1}, headers={"X-Request-Id": last})
    wait_until(
        lambda: any(last in line for line in service.log.read_text().splitlines() if line.startswith("{"))
    )


def after(service: Service, number: int) -> list[dict[str, Any]]:
    """Entries after this one."""
    written(service)
    return entries(service, after=number)


def newest(service: Service) -> int:
    written(service)
    return max((entry["id"] for entry in entries(service)), default=0)


class TestRecords:
    def test_what_happened_to_whom(self, service: Service, portraits: list[bytes], landscape: bytes) -> None:
        start = newest(service)
        enrolled = service.register("Somebody Unusual", portraits[0]).json()["data"]
        query = {"collection": "default"}
        assert service.recognize(portraits[0], **query).status_code == 200
        assert service.recognize(portraits[1]).json()["code"] == "no_match"
        assert service.recognize(landscape).json()["code"] == "no_face_detected"
        pair = {"image1": portraits[0], "image2": portraits[1]}
        service.client.post("/api/face/verify", files=pair).raise_for_status()
        service.client.get("/api/face?collection=nowhere")
        service.client.get("/api/model").raise_for_status()
        service.client.get("/nothing")
        found = [entry for entry in after(service, start) if entry["action"] != "list_audit"]
        assert [(entry["action"], entry["result"]) for entry in found] == [
            ("register_face", "done"),
            ("recognize_face", "match"),
            ("recognize_face", "no_match"),
            ("recognize_face", "no_face_detected"),
            ("verify_faces", "no_match"),
            ("list_faces", "collection_not_found"),
        ]
        for entry in found[:2]:
            assert entry["profile_ids"] == [enrolled["profile_id"]]
            assert entry["face_ids"] == [enrolled["id"]]
            assert entry["recognition_model"] == "sface"
        assert "profile_ids" not in found[2]
        for entry in (found[1], found[2], found[4]):
            assert 0 < entry["threshold"] < 1
        assert found[5]["collection"] == "nowhere"
        assert {entry["client"] for entry in found} == {"127.0.0.1"}
        assert "Somebody Unusual" not in json.dumps(found)
        about = entries(service, profile_id=enrolled["profile_id"])
        assert [entry["id"] for entry in about] == [found[0]["id"], found[1]["id"]]

    def test_deletions_are_written_before_the_answer(self, service: Service) -> None:
        start = newest(service)
        profile = service.client.post("/api/profile", json={"name": "Brief"}).json()["data"]["id"]
        assert service.client.delete(f"/api/profile/{profile}").status_code == 200
        found = [entry for entry in entries(service, after=start) if entry["action"] == "delete_profile"]
        assert [(entry["result"], entry["profile_ids"]) for entry in found] == [("done", [profile])]

    def test_pages_and_times(self, service: Service) -> None:
        newest(service)
        first = service.client.get("/api/audit", params={"limit": 1}).json()
        second = service.client.get("/api/audit", params={"limit": 1, "after": first["next"]}).json()
        assert first["data"][0]["hash"] == second["data"][0]["previous"]
        assert entries(service, until="2020-01-01T00:00:00Z") == []
        assert entries(service, since="2999-01-01T00:00:00Z") == []
        answer = service.client.get("/api/audit", params={"since": "2026-01-01T00:00:00"})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")

    def test_the_log_has_the_same_entries(self, service: Service) -> None:
        newest(service)
        lines = [line for line in service.log.read_text().splitlines() if line.startswith("{")]
        logged = {line["id"]: line["hash"] for line in map(json.loads, lines)}
        stored = {entry["id"]: entry["hash"] for entry in entries(service) if "client" in entry}
        assert logged
        # Commands log theirs themselves.
        assert logged.items() <= stored.items()


class TestKeys:
    def test_who_it_was(self, service: Service) -> None:
        start = newest(service)
        made = command(service, "keys", "create", "operator", "--scope", "admin", "--json")
        operator = json.loads(made.stdout)
        service.guarded()
        service.client.headers["X-API-Key"] = operator["secret"]
        try:
            body = {"name": "reader", "scopes": ["detect"]}
            reader = service.client.post("/api/key", json=body).json()["data"]
            assert service.client.post(f"/api/key/{reader['key']['id']}/rotate").status_code == 200
            refused = {"X-API-Key": f"{reader['secret']}0"}
            assert service.client.get("/api/face", headers=refused).status_code == 401
            found = entries(service, after=start)
            found = [entry for entry in found if "target_keys" in entry]
            assert [(entry["action"], entry.get("key_id")) for entry in found] == [
                ("keys create", None),
                ("create_key", operator["key"]["id"]),
                ("rotate_key", operator["key"]["id"]),
            ]
            assert found[0]["target_keys"] == [operator["key"]["id"]]
            assert found[1]["target_keys"] == [reader["key"]["id"]]
            assert len(found[2]["target_keys"]) == 2
            assert {entry["key_id"] for entry in entries(service, key_id=operator["key"]["id"])} == {
                operator["key"]["id"]
            }
            body = {"name": "manager", "scopes": ["manage"]}
            manager = service.client.post("/api/key", json=body).json()["data"]["secret"]
            answer = service.client.get("/api/audit", headers={"X-API-Key": manager})
            assert (answer.status_code, answer.json()["code"]) == (403, "access_denied")
            denied = [entry for entry in after(service, start) if entry["result"] == "access_denied"]
            assert [entry["action"] for entry in denied] == ["list_audit"]
            assert reader["secret"] not in service.client.get("/api/audit").text
        finally:
            del service.client.headers["X-API-Key"]


def test_the_command_checks_the_chain(service: Service) -> None:
    done = command(service, "audit", "verify", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert found["entries"] == found["last_id"] > 0


def test_off(tmp_path: Path) -> None:
    settings = {"FACE_DATABASE_URL": "memory", "FACE_AUDIT_DAYS": "0", "FACE_AUDIT_LOG": "true"}
    with Service(tmp_path, settings) as service:
        service.client.post("/api/profile", json={"name": "Ada"}).raise_for_status()
        time.sleep(2)  # entries would be written within a second
        assert entries(service) == []
    assert not [line for line in service.log.read_text().splitlines() if line.startswith("{")]


def test_names_where_they_are_wanted(tmp_path: Path) -> None:
    settings = {"FACE_DATABASE_URL": "memory", "FACE_AUDIT_NAMES": "true", "FACE_AUDIT_LOG": "true"}
    with Service(tmp_path, settings) as service:
        service.client.post("/api/profile", json={"name": "Ada"}).raise_for_status()
        assert [entry["names"] for entry in after(service, 0) if "names" in entry] == [["Ada"]]


def test_nothing_to_check_in_memory(tmp_path: Path) -> None:
    done = face_api(tmp_path, "audit", "verify", FACE_DATABASE_URL="memory")
    assert done.returncode == 1
