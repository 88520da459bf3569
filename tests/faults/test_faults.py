"""The short form of `make faults`, and whether it would notice."""

from pathlib import Path

import httpx

from tests.faults.clients import Client, Ledger, checked, search
from tests.faults.photos import portraits
from tests.faults.rotations import Rotations
from tests.faults.rounds import CLIENTS, PHOTOS, run


def test_nothing_is_lost_and_nobody_deleted_is_answered(tmp_path: Path, lfw: Path) -> None:
    tmp_path.chmod(0o755)  # the database has an account of its own
    photos = portraits(lfw / "images", CLIENTS * PHOTOS)
    report = run(tmp_path, photos, ["worker", "postmaster", "everything"], seed=2)
    assert report.ledger.problems == []
    assert report.ledger.registered > CLIENTS
    assert report.ledger.deleted_faces
    assert report.ledger.answered > 3 * CLIENTS * PHOTOS


def test_nothing_is_lost_while_keys_are_rotated(tmp_path: Path, lfw: Path) -> None:
    tmp_path.chmod(0o755)
    here = Rotations(tmp_path, portraits(lfw / "images", 2 * PHOTOS), people=4000, seed=1)
    here.run([("everything", False)])
    assert here.ledger.problems == []
    assert here.ledger.registered
    assert here.ledger.answered


def answering(*faces: int) -> httpx.Client:
    """A service that always answers with these faces, whose people have ten times their numbers."""
    candidates = [{"id": face, "profile_id": 10 * face} for face in faces]
    answer = {"data": [{"candidates": candidates}]}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    return httpx.Client(transport=transport, base_url="http://localhost")


def test_a_deleted_face_in_an_answer_is_noticed() -> None:
    for ledger in (Ledger(deleted_faces={2}), Ledger(deleted_people={20})):
        assert search(answering(1, 2), b"", ledger) == {1, 2}
        assert len(ledger.problems) == 1
        assert checked(answering(1, 2), ledger, json={}) == {1, 2}
        assert len(ledger.problems) == 2


def test_a_lost_registration_is_noticed() -> None:
    ledger = Ledger()
    client = Client(0, answering(1), [b""], ledger, seed=0)
    person = client.people[0]
    person.face = 1
    client.search(person)
    assert ledger.problems == []
    person.face = 2
    client.search(person)
    assert ledger.problems == ["acknowledged, and not found: face 2"]
