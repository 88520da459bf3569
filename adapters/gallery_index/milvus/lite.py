"""milvus-lite: an engine in Python, in this process, on files of its own."""

import logging
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import grpc
from milvus_lite import DataDirLockedError, MilvusLite
from milvus_lite.adapter.grpc.servicer import MilvusServicer
from pymilvus.grpc_gen import milvus_pb2_grpc

_THREADS = 4
_MESSAGE_BYTES = 256 << 20
_LINK = "address"


class LiteServer:
    """Serves a folder at a Unix socket, which only this user can reach.

    pymilvus alone would serve it at a TCP port, to everybody on the machine. Another process that finds the folder
    open uses the socket of the one that has it.
    """

    def __init__(self, folder: Path) -> None:
        """Open the folder, or find who has it open.

        Raises:
            OSError: it can't be made or read.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        link = folder / _LINK
        for name in ("milvus_lite", "grpc._server"):
            # They log with a traceback what a client asks that they can't do.
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._server: grpc.Server | None = None
        try:
            self._engine = MilvusLite(str(folder / "data"))
        except DataDirLockedError:
            self.uri = link.read_text(encoding="utf-8")
            return
        # In a folder with a short name: a socket's path may have 107 bytes.
        self._folder = tempfile.TemporaryDirectory(prefix="face-")
        self.uri = f"unix:{self._folder.name}/milvus"
        options = [
            ("grpc.max_receive_message_length", _MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MESSAGE_BYTES),
        ]
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="milvus-lite")
        self._server = grpc.server(self._threads, options=options)
        milvus_pb2_grpc.add_MilvusServiceServicer_to_server(MilvusServicer(self._engine), self._server)
        self._server.add_insecure_port(self.uri)
        self._server.start()
        link.write_text(self.uri, encoding="utf-8")

    @property
    def own(self) -> bool:
        """Whether it is this process that has the folder open."""
        return self._server is not None

    def close(self) -> None:
        """End the server, if it is this process's."""
        if self._server is not None:
            self._server.stop(grace=2).wait()
            self._threads.shutdown()
            with suppress(Exception):  # what was acknowledged is on the disk
                self._engine.close()
            self._folder.cleanup()
