import asyncio
from typing import cast

import pytest

from entrypoints.http.joined_writes import JoinedWrites


class Transport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
async def joined(transport: Transport) -> JoinedWrites:
    return JoinedWrites(cast("asyncio.Transport", transport), asyncio.get_running_loop())


async def test_a_head_goes_with_its_body(transport: Transport, joined: JoinedWrites) -> None:
    joined.write(b"head")
    assert transport.written == []
    joined.write(b"body")
    assert transport.written == [b"headbody"]
    joined.write(b"more")
    await asyncio.sleep(0)
    assert transport.written == [b"headbody", b"more"]


async def test_a_head_does_not_wait_for_a_body_that_comes_later(
    transport: Transport, joined: JoinedWrites
) -> None:
    joined.write(b"head")
    await asyncio.sleep(0)
    assert transport.written == [b"head"]
    joined.write(b"body")
    assert transport.written == [b"head", b"body"]


async def test_a_long_body_is_not_copied(transport: Transport, joined: JoinedWrites) -> None:
    body = bytes(1_000_000)
    joined.write(b"head")
    joined.write(body)
    assert transport.written[0] == b"head"
    assert transport.written[1] is body


async def test_a_head_without_a_body_is_sent_before_the_connection_is_closed(
    transport: Transport, joined: JoinedWrites
) -> None:
    joined.write(b"head")
    joined.close()
    assert transport.written == [b"head"]
    assert joined.is_closing()


async def test_nothing_is_written_to_a_connection_that_was_closed_meanwhile(
    transport: Transport, joined: JoinedWrites
) -> None:
    joined.write(b"head")
    transport.close()
    await asyncio.sleep(0)
    assert transport.written == []
