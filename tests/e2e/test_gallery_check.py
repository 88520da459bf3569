"""The gallery check over HTTP and on the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service, face_api


@pytest.fixture
def mistaken(service: Service, lfw: Path) -> Service:
    """A service with somebody who is enrolled twice, and a face that is another person's."""

    def photo(person: str, number: int) -> bytes:
        return (lfw / "images" / person / f"{person}_{number:04}.jpg").read_bytes()

    for name, person, numbers in (
        ("Ada", "Angela_Bassett", (1, 2, 5)),
        ("Twice", "Angela_Bassett", (4,)),
        ("Grace", "Amelia_Vega", (1, 2, 3)),
        ("Ada", "Amelia_Vega", (4,)),
    ):
        for number in numbers:
            envelope(service.register(name, photo(person, number), on_conflict="allow"))
    return service


def pairs(found: dict[str, Any]) -> list[list[str]]:
    return [[pair["one"]["name"], pair["other"]["name"]] for pair in found["duplicates"]]


def test_mistakes_are_found_and_can_be_mended(mistaken: Service) -> None:
    client = mistaken.client
    found = envelope(client.get("/api/gallery/check"))["data"]
    assert (found["people"], found["faces"], found["checked"]) == (3, 8, 8)
    assert pairs(found)[0] == ["Ada", "Twice"]
    (misfit,) = found["misfits"]
    assert (misfit["person"]["name"], misfit["resembles"]["person"]["name"]) == ("Ada", "Grace")
    assert misfit["similarity"] < misfit["threshold"]

    owner = misfit["resembles"]["person"]["profile_id"]
    envelope(client.post(f"/api/face/{misfit['person']['id']}/move", params={"profile_id": owner}))
    one, other = (found["duplicates"][0][each]["profile_id"] for each in ("one", "other"))
    envelope(client.post(f"/api/profile/{other}/merge", params={"into": one}))
    mended = envelope(client.get("/api/gallery/check"))["data"]
    assert [*mended["duplicates"], *mended["misfits"]] == []


def test_bad_requests(service: Service) -> None:
    get = service.client.get
    refusal(get("/api/gallery/check", params={"collection": "nowhere"}), 404, "collection_not_found")
    refusal(get("/api/gallery/check", params={"limit": 101}), 422, "validation_error")
    refusal(get("/api/gallery/check", params={"recognition_model": "none"}), 422, "unknown_model")


def test_the_command_says_the_same(mistaken: Service) -> None:
    if mistaken.settings["FACE_DATABASE_URL"] == "memory":
        pytest.skip("commands see no memory of another process")
    data = {"FACE_DATA_DIR": str(mistaken.directory / "data")}
    shown = face_api(mistaken.directory, "gallery", "check", "--json", **data)
    assert shown.returncode == 0, shown.stderr
    found = json.loads(shown.stdout)
    assert found == envelope(mistaken.client.get("/api/gallery/check"))["data"]
    text = face_api(mistaken.directory, "gallery", "check", "--report", "check.json", **data).stdout
    assert "people who look like the same person: " in text
    assert "faces that don't fit their person: 1" in text
    assert json.loads((mistaken.directory / "check.json").read_text()) == found
