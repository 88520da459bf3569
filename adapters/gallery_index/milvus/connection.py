"""Calls of a Milvus server, in threads, with deadlines; its errors become ours."""

import asyncio
import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from application.errors import StartupError
from domain.errors import IndexUnavailable

if TYPE_CHECKING:
    from adapters.gallery_index.milvus.lite import LiteServer

CONNECT_S = 3.0
CALL_S = 10.0
_NO_DOTENV = "PYTHON_DOTENV_DISABLED"
_MISSING = frozenset({100, 1600})
"""Milvus' codes of a collection and of an alias that is not there."""
_RELEASED = 101
"""Its code of a collection that is not in memory."""


@dataclass(frozen=True, slots=True)
class IndexAddress:
    """Where the index is."""

    url: str
    """http:// or https:// and host and port; otherwise a folder for milvus-lite."""
    token: str = ""
    """`user:password` or an API key."""
    certificate: Path | None = None
    """Of the authority that has signed the server's, for https; None for those of the system."""

    @property
    def embedded(self) -> bool:
        """Whether milvus-lite is meant."""
        return not self.url.startswith(("http://", "https://"))


class IndexMissing(IndexUnavailable):
    """The collection that was asked for is not there."""


class IndexReleased(IndexUnavailable):
    """The collection that was asked for is on the disk, and not in memory."""


def import_client() -> Any:
    """The module pymilvus.

    Raises:
        StartupError: it isn't installed.
    """
    # It would read a .env of any folder above it into our environment.
    before = os.environ.get(_NO_DOTENV)
    os.environ[_NO_DOTENV] = "1"
    try:
        import pymilvus  # noqa: PLC0415 - takes a second, and is an extra
    except ImportError:
        raise StartupError(
            "FACE_INDEX_URL: the package pymilvus is not installed; install face-api[milvus]"
        ) from None
    finally:
        del os.environ[_NO_DOTENV]
        if before is not None:
            os.environ[_NO_DOTENV] = before
    # It logs each refusal with a traceback and what was sent; we log what matters.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL + 1)
    return pymilvus


class MilvusConnection:
    """Connects at the first call, and again after each failure. Methods may be called by several tasks."""

    def __init__(self, address: IndexAddress, threads: int) -> None:
        """Nothing is opened before `call`.

        Raises:
            StartupError: pymilvus, or for a folder milvus-lite, is not installed.
        """
        self.address = address
        self.module = import_client()
        """pymilvus."""
        if address.embedded:
            _require_lite()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="face-milvus")
        self._connecting = Lock()
        self._client: Any = None
        self._lite: LiteServer | None = None

    async def call(self, method: str, *arguments: Any, timeout: float = CALL_S, **named: Any) -> Any:  # noqa: ASYNC109
        """Call a method of MilvusClient.

        Raises:
            IndexMissing: the collection or alias is not there.
            IndexReleased: the collection is not loaded.
            IndexUnavailable: the server doesn't answer, or refuses.
        """
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._called, method, arguments, timeout, named)

    async def close(self) -> None:
        """Release the connection, and the engine if it is in this process."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _called(self, method: str, arguments: Sequence[Any], timeout_s: float, named: dict[str, Any]) -> Any:
        try:
            return getattr(self._connected(), method)(*arguments, timeout=timeout_s, **named)
        except self.module.MilvusException as error:
            if error.code in _MISSING:
                raise IndexMissing from error
            if error.code == _RELEASED:
                raise IndexReleased from error
            self._let_go()
            raise IndexUnavailable from error
        except IndexUnavailable:
            raise
        except Exception as error:  # its driver's, among them grpc.RpcError and OSError
            self._let_go()
            raise IndexUnavailable from error

    def _connected(self) -> Any:
        with self._connecting:
            if self._client is None:
                self._client = self.module.MilvusClient(timeout=CONNECT_S, **self._parameters())
            return self._client

    def _let_go(self) -> None:
        """Of a folder that another process has open: it may have ended, and this one can open it itself."""
        with self._connecting:
            if self._lite is not None and not self._lite.own:
                if self._client is not None:
                    self._client.close()
                self._client = self._lite = None

    def _parameters(self) -> dict[str, Any]:
        if self.address.embedded:
            from adapters.gallery_index.milvus.lite import LiteServer  # noqa: PLC0415 - an extra

            if self._lite is None:
                self._lite = LiteServer(Path(self.address.url))
            return {"uri": self._lite.uri, "dedicated": True}
        given = {"uri": self.address.url, "token": self.address.token}
        if self.address.certificate is not None:
            given["server_pem_path"] = str(self.address.certificate)
        return given

    def _close(self) -> None:
        with self._connecting:
            if self._client is not None:
                self._client.close()
                self._client = None
        self._threads.shutdown()
        if self._lite is not None:
            self._lite.close()


def _require_lite() -> None:
    try:
        import milvus_lite  # noqa: F401, PLC0415
    except ImportError:
        raise StartupError(
            "FACE_INDEX_URL: it is a folder, for which the package milvus-lite is needed, and it is not installed"
        ) from None
