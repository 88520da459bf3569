"""A short form of `python -m tests.fuzz`."""

import random
from pathlib import Path

import pytest

from tests.e2e.service import Service
from tests.fuzz.faces import sample_faces
from tests.fuzz.requests import Requests
from tests.fuzz.run import acquainted, errors_in, send

REQUESTS = 150


def test_equal_seeds_make_equal_requests() -> None:
    faces = sample_faces()
    one, two = ([Requests(random.Random(f"3:{n}"), faces).any() for n in range(50)] for _ in range(2))
    assert one == two
    assert len({request.target for request in one}) > 20


@pytest.mark.parametrize("database", ["embedded", "memory"])
async def test_no_request_does_harm(tmp_path: Path, database: str) -> None:
    with Service(tmp_path, {"FACE_DATABASE_URL": database}) as service:
        outcome = await send(service.port, REQUESTS, 3, sample_faces(), acquainted(service))
        assert not outcome.wrong
        assert outcome.statuses[200] > REQUESTS / 20
        assert outcome.statuses[422] > REQUESTS / 20
        assert service.client.get("/health/ready").status_code == 200
        assert not errors_in(service.log.read_text())
