"""Connections of clients that take too long or send too much, on a real socket."""

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import uvicorn

from entrypoints.bootstrap.address import listen
from entrypoints.http.connection_budget import ConnectionBudget
from entrypoints.http.connections import MAX_HEAD_BYTES, MIN_BYTES_S, BoundedProtocol, ConnectionLimits
from entrypoints.http.middleware.stopping import refuse_at_stop
from entrypoints.http.unread_bodies import UnreadBodies
from tests.waiting import PATIENCE_S, until

SHORT = ConnectionLimits(header_s=2, body_s=2, idle_s=3)
LONG = ConnectionLimits(header_s=600, body_s=600, idle_s=600)
SOON = ConnectionLimits(header_s=600, body_s=600, idle_s=600, upload_stop_s=2)
MOST = 450
LARGE = 50_000_000
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = b"a" * 2_000_000


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the number of the body's bytes, to /headers with that of the headers.

    To /slow after 5 s, to /second after one, to /large with many, and to /left once the client has left.
    """
    received = 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return
        received += len(event["body"])
        if not event["more_body"]:
            break
    if scope["path"] == "/headers":
        received = len(scope["headers"])
    if scope["path"] == "/slow":
        await asyncio.sleep(5)
    if scope["path"] == "/left":
        await receive()
    if scope["path"] == "/second":
        await asyncio.sleep(1)
    body = bytes(LARGE) if scope["path"] == "/large" else str(received).encode()
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def limits() -> ConnectionLimits:
    return SHORT


@pytest.fixture
def grace_s() -> int:
    """How long the server waits at its end."""
    return 1


@pytest.fixture
async def server(limits: ConnectionLimits, grace_s: int) -> AsyncIterator[uvicorn.Server]:
    protocol = partial(BoundedProtocol, limits=limits, budget=ConnectionBudget(MOST), unread=UnreadBodies())
    config = uvicorn.Config(
        refuse_at_stop(application),
        http=protocol,  # type: ignore[arg-type]
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=grace_s,
    )
    server = uvicorn.Server(config)
    listener = listen("127.0.0.1", 0)
    config.port = listener.getsockname()[1]
    task = asyncio.create_task(server._serve([listener]))
    while not server.started:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    await task


async def connect(server: uvicorn.Server) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", server.config.port)


async def answer(server: uvicorn.Server, *sent: bytes, pause_s: float = 0) -> bytes:
    """All that comes back until the service closes the connection."""
    reader, writer = await connect(server)
    answered = asyncio.create_task(reader.read())
    for piece in sent:
        if not answered.done():
            writer.write(piece)
            await asyncio.wait({answered}, timeout=pause_s)
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await answered
    finally:
        writer.close()


def status(answered: bytes) -> int:
    return int(answered.split()[1])


def code(answered: bytes) -> str:
    text: str = json.loads(answered.partition(b"\r\n\r\n")[2])["code"]
    return text


async def test_two_hundred_silent_and_half_open_connections_are_closed(server: uvicorn.Server) -> None:
    silent = [answer(server) for _ in range(200)]
    half_open = [answer(server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le") for _ in range(200)]
    answers = await asyncio.gather(*silent, *half_open)
    assert answers[:200] == [b""] * 200
    assert {(status(answered), code(answered)) for answered in answers[200:]} == {(408, "request_timeout")}
    assert not server.server_state.connections


async def test_a_head_that_comes_byte_by_byte_is_cut_off(server: uvicorn.Server) -> None:
    head = [b"GET / HTTP/1.1\r\n", *[b"X: y\r\n"] * 6]
    assert status(await answer(server, *head, pause_s=0.5)) == 408


@pytest.mark.parametrize("sent", [0, 1_000_000])
async def test_an_upload_that_stops_is_closed(server: uvicorn.Server, sent: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 14900000\r\n\r\n"
    answered = await answer(server, head + bytes(sent))
    assert (status(answered), code(answered)) == (408, "request_timeout")
    assert not server.server_state.tasks


async def test_an_upload_that_goes_on_slowly_is_answered(server: uvicorn.Server) -> None:
    pieces = [bytes(4 * MIN_BYTES_S)] * 10
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MIN_BYTES_S * 40)
    answered = await answer(server, head, *pieces, pause_s=0.5)
    assert status(answered) == 200
    assert answered.endswith(str(MIN_BYTES_S * 40).encode())


async def test_a_client_waits_for_its_answer_as_long_as_it_takes(server: uvicorn.Server) -> None:
    assert status(await answer(server, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")) == 200


async def test_requests_that_are_sent_at_once_are_all_answered(server: uvicorn.Server) -> None:
    """Though all together take longer than a connection may be idle."""
    answered = await answer(server, b"GET /second HTTP/1.1\r\nHost: x\r\n\r\n" * 6)
    assert answered.count(b"200 OK") == 6


async def test_a_client_that_leaves_ends_a_request_though_it_has_sent_more(server: uvicorn.Server) -> None:
    _, writer = await connect(server)
    writer.write(b"GET /left HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    await writer.drain()
    await until(lambda: len(server.server_state.tasks) == 1)
    writer.transport.abort()
    await until(lambda: not server.server_state.tasks)


async def test_a_kept_connection_is_closed_when_nothing_comes(server: uvicorn.Server) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    answered = await answer(server, request, request, pause_s=0.2)
    assert answered.count(b"200 OK") == 2


async def test_a_kept_connection_cannot_be_held_by_empty_lines(server: uvicorn.Server) -> None:
    lines = [b"\r\n"] * 8
    answered = await answer(server, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", *lines, pause_s=0.5)
    assert answered.startswith(b"HTTP/1.1 200 OK")


async def test_a_client_that_does_not_read_its_answer_is_cut_off(server: uvicorn.Server) -> None:
    _, writer = await connect(server)
    writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(0.5)
    assert server.server_state.connections
    async with asyncio.timeout(PATIENCE_S):
        while server.server_state.connections or server.server_state.tasks:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    writer.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * MAX_HEAD_BYTES),
        b"GET / HTTP/1.1\r\nX: %s\r\n\r\n" % (b"a" * MAX_HEAD_BYTES),
        b"GET / HTTP/1.1\r\n%s\r\n" % (b"X: y\r\n" * (MAX_HEAD_BYTES // 2)),
        b"GET / HTTP/1.1\r\nX: %s" % (b"a" * (MAX_HEAD_BYTES + 1)),
        b"GET /slow HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nX: " + ENDLESS,
        CHUNKED + b"2\r\n{}\r\n0\r\nX: " + ENDLESS,
        CHUNKED + b"2\r\n{}\r\n2;x=" + ENDLESS,
        CHUNKED + ENDLESS.replace(b"a", b"0"),
    ],
    ids=len,
)
async def test_a_head_that_is_too_large_is_refused(server: uvicorn.Server, head: bytes) -> None:
    reader, writer = await connect(server)
    writer.write(head)
    answered = await asyncio.wait_for(reader.readuntil(b"}"), PATIENCE_S)
    assert (status(answered), code(answered)) == (431, "headers_too_large")
    writer.close()


async def test_a_trailer_is_none_of_the_headers(server: uvicorn.Server) -> None:
    sent = CHUNKED.replace(b"/", b"/headers", 1) + b"0\r\nX-API-Key: y\r\n\r\n"
    assert (await answer(server, sent)).endswith(b"\r\n\r\n1")


async def test_a_large_head_within_the_bound_is_answered(server: uvicorn.Server) -> None:
    value = b"a" * (MAX_HEAD_BYTES - 100)
    assert status(await answer(server, b"GET / HTTP/1.1\r\nX: %s\r\n\r\n" % value)) == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://:x HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_refused_in_the_envelope(server: uvicorn.Server, sent: bytes) -> None:
    answered = await answer(server, sent)
    assert (status(answered), code(answered)) == (400, "validation_error")


@pytest.mark.parametrize("limits", [LONG])
async def test_half_open_connections_do_not_keep_a_good_client_out(server: uvicorn.Server) -> None:
    half_open = [
        asyncio.create_task(answer(server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le")) for _ in range(MOST)
    ]
    await until(lambda: len(server.server_state.connections) == MOST)
    half_sent = [
        asyncio.create_task(answer(server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"))
        for _ in range(50)
    ]
    await until(lambda: sum(each.done() for each in half_open) == len(half_sent))
    assert len(server.server_state.connections) <= MOST
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab"
    assert (await answer(server, request)).endswith(b"2")
    await until(lambda: sum(each.done() for each in half_open) == len(half_sent) + 1)
    refused = [each.result() for each in half_open if each.done()]
    assert {(status(each), code(each)) for each in refused} == {(503, "busy")}
    assert all(b"retry-after: 1" in each for each in refused)
    assert not any(each.done() for each in half_sent)
    for each in (*half_open, *half_sent):
        each.cancel()
    await asyncio.gather(*half_open, *half_sent, return_exceptions=True)


@pytest.mark.parametrize(("limits", "grace_s"), [(SOON, PATIENCE_S)])
async def test_held_uploads_are_refused_when_the_service_stops(
    server: uvicorn.Server, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n"
    held = [asyncio.create_task(answer(server, head + bytes(sent))) for sent in (0, 1000, 1_000_000)]
    await until(lambda: len(server.server_state.tasks) == len(held))
    server.should_exit = True
    answers = await asyncio.gather(*held)
    assert {(status(each), code(each)) for each in answers} == {(503, "unavailable")}
    await until(lambda: not server.server_state.tasks and not server.server_state.connections)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(("limits", "grace_s"), [(LONG, PATIENCE_S)])
async def test_an_upload_that_goes_on_is_answered_when_the_service_stops(server: uvicorn.Server) -> None:
    reader, writer = await connect(server)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na")
    await until(lambda: server.server_state.tasks)
    server.should_exit = True
    await until(lambda: not server.servers[0].is_serving())
    writer.write(b"b")
    async with asyncio.timeout(PATIENCE_S):
        assert (await reader.read()).endswith(b"2")
    writer.close()


@pytest.mark.parametrize(("limits", "grace_s"), [(SOON, PATIENCE_S)])
async def test_a_client_that_does_not_read_its_answer_does_not_delay_the_end(
    server: uvicorn.Server, caplog: pytest.LogCaptureFixture
) -> None:
    _, writer = await connect(server)
    writer.write(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
    await until(lambda: server.server_state.total_requests)
    server.should_exit = True
    await until(lambda: not server.server_state.connections)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    writer.close()
