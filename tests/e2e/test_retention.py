"""How long people are kept: over HTTP and by commands."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from adapters.embedded_postgres.cluster_config import DATABASE, PORT, ROLE
from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service, face_api


def rule(days: int | None, since: str) -> dict[str, object]:
    return {"retention_days": days, "retention_from": since}


def test_the_rule_of_a_collection(service: Service) -> None:
    service.client.delete("/api/collection/kept")
    created = service.client.post("/api/collection", json={"name": "kept", "retention_days": 30})
    assert envelope(created)["data"] == {"name": "kept", "profiles": 0, **rule(30, "enrolment")}
    address = "/api/collection/kept"
    for change, expected in (
        ({"retention_from": "last_match"}, rule(30, "last_match")),
        ({"retention_days": 36_500}, rule(36_500, "last_match")),
        ({}, rule(36_500, "last_match")),
        ({"retention_days": None}, rule(None, "last_match")),
        (rule(1, "enrolment"), rule(1, "enrolment")),
    ):
        changed = envelope(service.client.patch(address, json=change))
        assert changed["data"] == {"name": "kept", "profiles": 0, **expected}
    listed = envelope(service.client.get("/api/collection"))["data"]
    assert {"name": "kept", "profiles": 0, **rule(1, "enrolment")} in listed
    refusal(service.client.patch("/api/collection/nowhere", json={}), 404, "collection_not_found")
    service.client.delete(address)


@pytest.mark.parametrize(
    "change",
    [
        {"retention_days": 0},
        {"retention_days": 36_501},
        {"retention_days": 1.5},
        {"retention_from": "birth"},
        {"retention_from": None},
        {"days": 30},
    ],
    ids=str,
)
def test_a_bad_rule_is_refused(service: Service, change: dict[str, object]) -> None:
    answer = service.client.patch("/api/collection/default", json=change)
    assert answer.status_code in {400, 422}
    assert answer.json()["code"] == "validation_error"
    assert envelope(service.client.get("/api/collection"))["data"][0]["retention_days"] is None


async def age(data: Path, days: int) -> None:
    """Make everything in the database so many days older."""
    connection = await asyncpg.connect(host=str(data / "postgres"), port=PORT, user=ROLE, database=DATABASE)
    then = datetime.now(UTC) - timedelta(days=days)
    await connection.execute("UPDATE face SET created_at = $1", then)
    await connection.execute("UPDATE profile SET created_at = $1", then)
    await connection.execute("UPDATE collection SET matches_since = $1", then)
    await connection.close()


def test_commands_beside_a_service(tmp_path: Path, portraits: list[bytes]) -> None:
    data = tmp_path / "data"

    def command(*arguments: str) -> str:
        done = face_api(tmp_path, "retention", *arguments, FACE_DATA_DIR=str(data))
        assert done.returncode == 0, done.stderr
        return done.stdout

    with Service(tmp_path) as service:
        gone = envelope(service.register("Gone", portraits[0]))["data"]
        envelope(service.register("Matched", portraits[1]))
        said = command("set", "default", "--days", "30", "--from", "last_match")
        assert said == "default: 30 days from the last match\n"
        envelope(service.recognize(portraits[1]))
        asyncio.run(age(data, 40))
    # The end of the service has written down who was matched.
    with Service(tmp_path) as service:
        assert "1 person and 1 face to be deleted" in command("apply", "--dry-run")
        assert len(envelope(service.client.get("/api/profile"))["data"]) == 2
        report = json.loads(command("apply", "--json"))
        assert [(one["people"], one["faces"]) for one in report["collections"]] == [(1, 1)]
        left = envelope(service.client.get("/api/profile"))["data"]
        assert [person["name"] for person in left] == ["Matched"]
        entries = envelope(service.client.get("/api/audit", params={"profile_id": gone["profile_id"]}))[
            "data"
        ]
        assert entries[-1]["action"] == "retention"
        assert entries[-1]["result"] == "matched_too_long_ago"
        refusal(service.recognize(portraits[0]), 404, "no_match")
        assert command("set", "default", "--keep") == "default: kept for good\n"
        assert command("apply") == "no collection has a rule\n"
