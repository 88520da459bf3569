"""Clients beside one that has more connections than the service has places."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.attacks.clients import Origin, repeat, request, small_photo
from tests.attacks.kinds import faceless
from tests.e2e.service import Service
from tests.fuzz.faces import sample_faces

MOST_S = 120
"""On a machine that has much else to do."""
ANSWERS = 20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs the addresses 127.0.0.0/8")


async def test_a_client_who_sends_much_does_not_keep_others_out(tmp_path: Path) -> None:
    settings = {"FACE_DATABASE_URL": "memory", "FACE_WORKERS": "1", "FACE_QUEUE": "4"}
    photo = small_photo(sample_faces()[0])
    with Service(tmp_path, settings) as service:
        service.register("Eileen", photo).raise_for_status()
        heavy, light = (request("/api/face/recognize", body) for body in (faceless(960, 720), photo))
        origin = Origin(service.port, ["127.0.1.1", "127.0.1.2"])
        good = asyncio.create_task(
            repeat(origin, lambda: light, 2, MOST_S, enough=lambda tally: tally.statuses.total() >= ANSWERS)
        )
        attack = Origin(service.port, ["127.0.2.1"])
        await repeat(attack, lambda: heavy, 12, MOST_S, enough=lambda _: good.done())
        statuses = (await good).statuses
        assert set(statuses) == {200}
        assert statuses[200] >= ANSWERS
