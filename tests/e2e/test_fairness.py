"""Clients beside one that has more connections than the service has places."""

import asyncio
import sys
from pathlib import Path

import httpx
import pytest

from tests.attacks.clients import Origin, repeat, request, small_photo
from tests.attacks.kinds import faceless
from tests.e2e.service import Service
from tests.fuzz.faces import sample_faces
from tests.unit.hostile_images import with_fill_bytes

MOST_S = 300
"""On a machine that has much else to do."""
ANSWERS = 10

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


async def test_uploads_that_wait_for_others_are_answered(tmp_path: Path) -> None:
    """Eight of ten megabytes from one client, while photos of others wait for the only worker."""
    settings = {"FACE_DATABASE_URL": "memory", "FACE_WORKERS": "1"}
    photo = small_photo(sample_faces()[0])
    large = with_fill_bytes(photo, 10_000_000)

    def client(address: str) -> httpx.AsyncClient:
        transport = httpx.AsyncHTTPTransport(local_address=address)
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{service.port}", transport=transport, timeout=120
        )

    async def recognize(client: httpx.AsyncClient, body: bytes) -> str:
        answer = await client.post(
            "/api/face/recognize", content=body, headers={"content-type": "image/jpeg"}
        )
        name: str = answer.raise_for_status().json()["data"]["name"]
        return name

    with Service(tmp_path, settings) as service:
        service.register("Eileen", photo).raise_for_status()
        async with client("127.0.1.1") as good, client("127.0.2.1") as sender:
            uploads = asyncio.gather(*(recognize(sender, large) for _ in range(8)))

            async def go_on() -> int:
                answers = 0
                while not uploads.done():
                    assert await recognize(good, photo) == "Eileen"
                    answers += 1
                return answers

            others = [asyncio.create_task(go_on()) for _ in range(4)]
            assert await uploads == ["Eileen"] * 8
            assert all([await each for each in others])
