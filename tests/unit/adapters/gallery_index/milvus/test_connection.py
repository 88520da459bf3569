"""The connection to Milvus, without one."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.gallery_index.milvus import connection
from adapters.gallery_index.milvus.connection import (
    IndexAddress,
    IndexMissing,
    IndexReleased,
    MilvusConnection,
)
from application.errors import StartupError
from domain.errors import IndexUnavailable

SERVER = IndexAddress("http://localhost:19530", "root:secret")


class Refusal(Exception):
    def __init__(self, code: int) -> None:
        self.code = code


class Client:
    """Takes note of how it is made and called."""

    made: list[dict[str, Any]] = []  # noqa: RUF012
    calls: list[dict[str, Any]] = []  # noqa: RUF012
    fails: list[Exception] = []  # noqa: RUF012

    def __init__(self, **named: Any) -> None:
        self.made.append(named)
        if self.fails:
            raise self.fails.pop()

    def describe(self, *arguments: Any, **named: Any) -> str:
        self.calls.append({"arguments": arguments, **named})
        if self.fails:
            raise self.fails.pop()
        return "found"

    def close(self) -> None:
        pass


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> type[Client]:
    for notes in (Client.made, Client.calls, Client.fails):
        notes.clear()
    module = SimpleNamespace(MilvusClient=Client, MilvusException=Refusal)
    monkeypatch.setattr(connection, "import_client", lambda: module)
    return Client


@pytest.mark.parametrize(
    ("module", "url", "words"),
    [
        (
            "pymilvus",
            "http://localhost:19530",
            r"^FACE_INDEX_URL: the package pymilvus is not installed[^\n]+$",
        ),
        ("milvus_lite", "somewhere", r"^FACE_INDEX_URL: [^\n]+ milvus-lite [^\n]+ not installed$"),
    ],
)
def test_a_missing_package_is_one_line(
    monkeypatch: pytest.MonkeyPatch, module: str, url: str, words: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    if module != "pymilvus":
        monkeypatch.setattr(connection, "import_client", SimpleNamespace)
    with pytest.raises(StartupError, match=words):
        MilvusConnection(IndexAddress(url), 1)


def test_no_file_of_settings_comes_in_with_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", SimpleNamespace())
    before = dict(os.environ)
    connection.import_client()
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Refusal(100), IndexMissing),
        (Refusal(1600), IndexMissing),
        (Refusal(101), IndexReleased),
        (Refusal(1), IndexUnavailable),
        (OSError("broken"), IndexUnavailable),
    ],
)
async def test_errors_are_ours(client: type[Client], error: Exception, expected: type[Exception]) -> None:
    milvus = MilvusConnection(SERVER, 1)
    await milvus.call("describe", "a")
    client.fails.append(error)
    with pytest.raises(IndexUnavailable) as caught:
        await milvus.call("describe", "a")
    assert type(caught.value) is expected
    assert "broken" not in str(caught.value)
    assert await milvus.call("describe", "a", timeout=3) == "found"
    assert client.calls[-1] == {"arguments": ("a",), "timeout": 3}
    await milvus.close()


async def test_it_connects_again_after_a_failure_and_trusts_the_certificate_given(
    client: type[Client],
) -> None:
    address = IndexAddress("https://milvus:19530", "root:secret", Path("/ca.pem"))
    milvus = MilvusConnection(address, 1)
    client.fails.append(OSError())
    with pytest.raises(IndexUnavailable):
        await milvus.call("describe")
    assert await milvus.call("describe") == "found"
    await milvus.call("describe")
    assert (
        client.made
        == [
            {
                "timeout": 3,
                "uri": "https://milvus:19530",
                "token": "root:secret",
                "server_pem_path": "/ca.pem",
            }
        ]
        * 2
    )
    await milvus.close()
