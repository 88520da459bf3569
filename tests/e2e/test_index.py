"""A gallery that is large enough for an index, as a service has it."""

import asyncio
import signal
from pathlib import Path

import asyncpg
import numpy as np
import pytest

from tests.benchmarks.growth.loading import load
from tests.benchmarks.simulation import faces
from tests.e2e.service import Service

PEOPLE = 3000
READY = f"model sface is ready: {PEOPLE}"


def enrol_thousands(service: Service) -> None:
    """Behind the service's back, straight into its database."""

    async def fill() -> None:
        server = str(service.directory / "data" / "postgres")
        connection = await asyncpg.connect(host=server, port=5432, user="face", database="face")
        try:
            await load(connection, faces(PEOPLE, 128), "sface")
        finally:
            await connection.close()

    asyncio.run(fill())


def codes(directory: Path) -> list[Path]:
    return list((directory / "data" / "index").glob("*/*/keys.npy"))


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path)


def test_people_are_found_among_thousands_and_forgotten(service: Service, astronaut: bytes) -> None:
    with service:
        enrol_thousands(service)
        service.stop()
        service.start()
        assert READY in service.log.read_text()
        assert service.recognize(astronaut).json()["code"] == "no_match"

        enrolled = service.register("Eileen", astronaut).json()["data"]
        found = service.recognize(astronaut).json()["data"]
        assert (found["name"], found["profile_id"]) == ("Eileen", enrolled["profile_id"])

        assert service.stop() == 0
        keys = np.concatenate([np.load(path) for path in codes(service.directory)])
        assert len(keys) == PEOPLE + 1
        service.start()
        assert service.recognize(astronaut).json()["data"]["name"] == "Eileen"
        service.client.delete(f"/api/face/{enrolled['id']}")
        assert service.recognize(astronaut).json()["code"] == "no_match"

        service.stop()
        keys = np.concatenate([np.load(path) for path in codes(service.directory)])
        assert len(keys) == PEOPLE


def test_an_index_survives_a_kill_and_goes_when_the_database_is_to_search(
    service: Service, astronaut: bytes
) -> None:
    with service:
        enrol_thousands(service)
        service.stop()
        service.start()
        service.register("Eileen", astronaut)
        service.stop()
        service.start()
        service.stop(signal.SIGKILL)
        service.start()
        assert service.recognize(astronaut).json()["data"]["name"] == "Eileen"
        assert codes(service.directory)
        service.stop()

        service.settings["FACE_SEARCH"] = "pgvector"
        service.start()

        assert codes(service.directory) == []
        assert service.recognize(astronaut).json()["data"]["name"] == "Eileen"
