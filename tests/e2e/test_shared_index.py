"""A service with an index that could be shared, on milvus-lite, and a command that shares it."""

import asyncio
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from adapters.gallery_index.milvus.connection import IndexAddress, MilvusConnection
from adapters.gallery_index.milvus.generations import Generations
from adapters.gallery_index.milvus.rows import IndexRows
from tests.e2e.service import Service, face_api

WAIT_S = 120


def command(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {"FACE_DATA_DIR": str(service.directory / "data"), **service.settings}
    return face_api(service.directory, "index", *arguments, "--json", **own)


def rebuilt(service: Service) -> dict[str, Any]:
    """As soon as the service has built it for the first time."""
    deadline = time.monotonic() + WAIT_S
    while (done := command(service, "rebuild")).returncode and time.monotonic() < deadline:
        pass
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def followed(service: Service, faces: int) -> dict[str, Any]:
    """What `index status` says of the gallery once the index has everything."""
    deadline = time.monotonic() + WAIT_S
    while True:
        done = command(service, "status")
        assert done.returncode == 0, done.stderr
        (series,) = json.loads(done.stdout)["series"]
        gallery: dict[str, Any] = (series["galleries"] or [{}])[0]
        if (gallery.get("indexed"), gallery.get("pending")) == (faces, 0) or time.monotonic() > deadline:
            return {**gallery, "serving": series["serving"], "building": series["building"]}


def verified(service: Service, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit status of `index verify`, and what it says of the gallery."""
    done = command(service, "verify", *options)
    (drift,) = json.loads(done.stdout)["galleries"]
    return done.returncode, drift


async def forget(service: Service, face: int) -> None:
    """Delete a row of the index behind the service's back, over the socket that commands of this user share."""
    connection = MilvusConnection(IndexAddress(str(service.directory / "data/shared")), threads=1)
    try:
        generations = Generations(connection, "FLAT")
        (of,) = {one.series for one in await generations.all()}
        serving = await generations.serving(of)
        assert serving is not None
        rows = IndexRows(connection, serving)
        (key,) = await rows.notes()
        assert (await rows.get(key, [face])).face_ids.tolist() == [face]
        await rows.remove(key, [face])
    finally:
        await connection.close()


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(tmp_path, {"FACE_INDEX_URL": "data/shared"})


def test_an_index_is_built_again_while_the_service_runs(service: Service, astronaut: bytes) -> None:
    with service:
        enrolled = service.register("Eileen", astronaut).json()["data"]
        assert rebuilt(service)["faces"] == 1
        assert service.recognize(astronaut).json()["data"]["name"] == "Eileen"
        ready = service.client.get("/health/ready").json()
        assert (ready["degraded"], ready["index_lag_s"] >= 0) == ([], True)
        assert "\nface_index_unavailable 0.0\n" in service.client.get("/metrics").text
        receipt = service.client.delete(f"/api/face/{enrolled['id']}").json()["receipt"]
        assert "index_server" in [place["where"] for place in receipt["may_remain"]]
        assert service.recognize(astronaut).json()["code"] == "no_match"
    files = [path for path in (service.directory / "data").iterdir() if path.name == "shared"]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o700]


def test_what_differs_is_shown_and_repaired_while_the_service_runs(
    service: Service, astronaut: bytes, portraits: list[bytes]
) -> None:
    with service:
        faces = [
            service.register(name, photo).json()["data"]["id"]
            for name, photo in (("Eileen", astronaut), ("Grace", portraits[0]))
        ]
        state = followed(service, len(faces))
        assert (state["faces"], state["filled"], state["building"]) == (2, True, None)
        assert str(state["serving"]).startswith("face_sface_128_g1_FLAT_")
        assert verified(service)[0] == 0

        asyncio.run(forget(service, faces[0]))
        for options, status in (((), 1), (("--repair",), 0)):
            code, drift = verified(service, *options)
            assert (code, drift["missing"], drift["stale"], drift["orphaned"]) == (status, 1, 0, 0)
            assert drift["repaired"] == bool(options)
        code, drift = verified(service)
        assert (code, drift["checked"], drift["missing"]) == (0, 2, 0)
        assert service.recognize(astronaut).json()["data"]["name"] == "Eileen"
