"""A folder of milvus-lite that several processes use."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.gallery_index.milvus.connection import IndexAddress, MilvusConnection
from domain.errors import IndexUnavailable

WAIT_S = 120.0
OWNER = """
import pathlib, sys
from adapters.gallery_index.milvus.lite import LiteServer
server = LiteServer(pathlib.Path(sys.argv[1]))
print(server.own, flush=True)
sys.stdin.read()
server.close()
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process, which has the folder `shared` open until it is told to end."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "shared")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "True\n"
        yield owner


async def test_who_has_used_anothers_socket_opens_the_folder_when_that_one_has_ended(
    tmp_path: Path, owner: "subprocess.Popen[str]"
) -> None:
    milvus = MilvusConnection(IndexAddress(str(tmp_path / "shared")), 2)
    assert await milvus.call("list_collections") == []
    await asyncio.to_thread(owner.communicate, "", WAIT_S)
    deadline = time.monotonic() + WAIT_S
    found = None
    while found is None and time.monotonic() < deadline:
        try:
            found = await milvus.call("list_collections")
        except IndexUnavailable:
            await asyncio.sleep(0.1)
    assert found == []
    await milvus.close()
