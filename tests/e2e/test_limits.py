"""Limits of keys over two worker processes, and deadlines, over HTTP and by the command line."""

import asyncio
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import asyncpg
import httpx
import pytest

from tests.e2e.service import Service
from tests.e2e.test_bounds import in_progress
from tests.e2e.test_keys import command, request
from tests.e2e.test_processes import workers
from tests.unit import hostile_images
from tests.waiting import wait_until

DEADLINE_S = 8


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    settings = {"FACE_PROCESSES": "2", "FACE_DEADLINE_S": str(DEADLINE_S), "FACE_MAX_CONNECTIONS": "100"}
    with Service(tmp_path_factory.mktemp("limits"), settings) as service:
        yield service


@pytest.fixture(scope="module")
def admin(service: Service) -> str:
    secret = command(service, "keys", "create", "operator", "--scope", "admin")
    service.guarded()
    return secret


def create(service: Service, admin: str, **limits: int) -> tuple[int, str]:
    body = {"name": "limited", "scopes": ["detect", "enrol"], **limits}
    answer = request(service, "POST", "/api/key", admin, json=body)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    for name, value in limits.items():
        assert data["key"][name] == value
    return data["key"]["id"], data["secret"]


def on_connections_of_their_own(service: Service, secret: str, count: int) -> list[httpx.Response]:
    """Requests that both processes get."""

    def ask(_: int) -> httpx.Response:
        return service.once("GET", "/api/model", headers={"X-API-Key": secret})

    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(ask, range(count)))


_SLOWLY = "/api/face/detect?min_face=32"


def slow_photo() -> bytes:
    """One that takes more than a second to decode, and to look for the smallest faces in."""
    return hostile_images.with_scans(7000, 7000, 90)


class TestRequests:
    def test_no_more_than_the_limit_over_both_processes(self, service: Service, admin: str) -> None:
        _, secret = create(service, admin, requests_per_minute=10)
        answers = on_connections_of_their_own(service, secret, 40)
        assert Counter(each.status_code for each in answers) == {200: 10, 429: 30}
        refused = next(each for each in answers if each.status_code == 429)
        assert refused.json()["code"] == "rate_limited"
        assert 1 <= int(refused.headers["Retry-After"]) <= 65
        assert refused.headers["RateLimit"] == f'"minute";r=0;t={refused.headers["Retry-After"]}'
        accepted = {each.headers["RateLimit"].split(";")[1] for each in answers if each.status_code == 200}
        assert accepted == {f"r={left}" for left in range(10)}
        assert {each.headers["RateLimit-Policy"] for each in answers} == {'"minute";q=10;w=60'}
        assert "RateLimit" not in request(service, "GET", "/api/model", admin).headers

    def test_refusals_are_in_the_audit_trail(self, service: Service, admin: str) -> None:
        number, secret = create(service, admin, requests_per_minute=1)
        for status in (200, 429):
            sent = request(service, "POST", "/api/face/detect", secret, content=b"x")
            assert (sent.status_code == 429) == (status == 429)
        deadline = time.monotonic() + 120
        results: list[str] = []
        while "rate_limited" not in results:
            assert time.monotonic() < deadline
            found = request(service, "GET", f"/api/audit?key_id={number}", admin).json()["data"]
            results = [entry["result"] for entry in found]
            time.sleep(0.2)
        assert "code=rate_limited" in service.log.read_text()

    def test_a_limit_is_changed(self, service: Service, admin: str) -> None:
        number, secret = create(service, admin, requests_per_minute=1)
        assert [request(service, "GET", "/api/model", secret).status_code for _ in range(2)] == [200, 429]
        said = command(service, "keys", "change", str(number), "--requests-per-minute", "0")
        assert said.endswith("requests a minute unlimited, concurrent photos default")
        wait_until(lambda: request(service, "GET", "/api/model", secret).status_code == 200)
        path = f"/api/key/{number}"
        changed = request(service, "PATCH", path, admin, json={"requests_per_minute": 1}).json()["data"]
        assert changed["requests_per_minute"] == 1
        default = request(service, "PATCH", path, admin, json={"requests_per_minute": None}).json()["data"]
        assert "requests_per_minute" not in default
        rotated = request(service, "POST", f"{path}/rotate", admin).json()["data"]["key"]
        assert "requests_per_minute" not in rotated
        for body in ({"requests_per_minute": -1}, {"concurrent_photos": 10**9}, {"name": "x"}):
            assert request(service, "PATCH", path, admin, json=body).status_code == 422
        gone = request(service, "PATCH", "/api/key/999999", admin, json={})
        assert gone.json()["code"] == "api_key_not_found"


class TestPhotos:
    def test_no_more_than_the_limit_and_a_killed_worker_gives_back(
        self, service: Service, admin: str
    ) -> None:
        _, secret = create(service, admin, concurrent_photos=2)
        photo = slow_photo()

        def detect() -> int:
            try:
                return request(service, "POST", _SLOWLY, secret, content=photo).status_code
            except httpx.TransportError:
                return 0

        with ThreadPoolExecutor(8) as threads:
            statuses = Counter(threads.map(lambda _: detect(), range(8)))
            assert statuses[429] >= 4
            assert statuses[429] < 8
            self.until_there_is_a_place(service, secret)
            pending = [threads.submit(detect) for _ in range(2)]
            wait_until(lambda: in_progress(service, admin) > len(pending))
            time.sleep(0.1)
            for worker in workers(service):
                os.kill(worker, signal.SIGKILL)
            assert [each.result() for each in pending] == [0, 0]
        self.until_there_is_a_place(service, secret)

    def until_there_is_a_place(self, service: Service, secret: str) -> None:
        """After a worker has ended what it computes, or its parent has seen that it was killed."""
        deadline = time.monotonic() + 120
        status = 0
        while status != 200:
            assert time.monotonic() < deadline
            with suppress(httpx.TransportError):
                small = hostile_images.jpeg(300, 200)
                status = request(service, "POST", "/api/face/detect", secret, content=small).status_code
            assert status in {0, 200, 429, 503}
            time.sleep(0.1)

    def test_a_batch_takes_turns(self, service: Service, admin: str) -> None:
        _, secret = create(service, admin, concurrent_photos=1)
        small = hostile_images.jpeg(300, 200)
        files = [("images", (f"{number}.jpg", small)) for number in range(6)]
        answer = request(
            service,
            "POST",
            "/api/face/register/batch",
            secret,
            data={"names": [f"P{number}" for number in range(6)]},
            files=files,
        )
        assert answer.status_code == 200, answer.text
        assert {each["error"]["code"] for each in answer.json()["data"]} == {"no_face_detected"}


class TestDeadline:
    def while_locked(self, service: Service, headers: dict[str, str]) -> tuple[httpx.Response, float]:
        """The answer to a request for which the database would have to wait for ever, and what it took in seconds."""

        async def asked() -> tuple[httpx.Response, float]:
            connection = await asyncpg.connect(
                host=str(service.directory / "data" / "postgres"), port=5432, user="face", database="face"
            )
            async with connection.transaction():
                await connection.execute("LOCK TABLE face IN ACCESS EXCLUSIVE MODE")
                begun = time.perf_counter()
                answer = await asyncio.to_thread(service.client.get, "/api/face", headers=headers)
                took = time.perf_counter() - begun
            await connection.close()
            return answer, took

        return asyncio.run(asked())

    def test_what_waits_for_the_database_is_dropped(self, service: Service, admin: str) -> None:
        answer, took = self.while_locked(service, {"X-API-Key": admin})
        assert (answer.status_code, answer.json()["code"]) == (503, "deadline_exceeded")
        assert answer.headers["Retry-After"] == "1"
        assert took >= DEADLINE_S
        assert request(service, "GET", "/api/face", admin).status_code == 200
        wait_until(lambda: "code=deadline_exceeded" in service.log.read_text())
        assert "ERROR" not in service.log.read_text().replace("ERROR face.processes", "")

    def test_a_client_may_wait_less(self, service: Service, admin: str) -> None:
        answer, took = self.while_locked(service, {"X-API-Key": admin, "Prefer": "wait=1"})
        assert answer.json()["code"] == "deadline_exceeded"
        assert 1 <= took < DEADLINE_S


class TestConnections:
    def test_500_half_open_ones_do_not_keep_a_good_client_out(self, service: Service, admin: str) -> None:
        half_open = []
        for number in range(500):
            connection = socket.create_connection(("127.0.0.1", service.port))
            connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nCont"[: 42 if number % 2 else None])
            half_open.append(connection)
        begun = time.perf_counter()
        answer = service.once("GET", "/api/model", headers={"X-API-Key": admin})
        assert answer.status_code == 200
        assert time.perf_counter() - begun < 30
        assert "FACE_MAX_CONNECTIONS" in service.log.read_text()
        for connection in half_open:
            connection.close()
