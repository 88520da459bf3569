"""Downloads, from a local server that can misbehave."""

import errno
import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from adapters.download.fetch import DownloadError, fetch

CONTENT = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """/file: ranges; /whole: no ranges; /dropped: ends half-way; /redirect: to /file; others: 404."""

    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        span = self.headers["Range"]
        self.seen.append((self.path, span))
        if self.path == "/redirect":
            self._head(302, 0, Location="/file")
        elif self.path in {"/file", "/dropped"}:
            start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
            self._head(206 if span else 200, len(CONTENT) - start)
            end = len(CONTENT) // 2 if self.path == "/dropped" else len(CONTENT)
            self.wfile.write(CONTENT[start:end])
        elif self.path == "/whole":
            self._head(200, len(CONTENT))
            self.wfile.write(CONTENT)
        elif self.path == "/longer":
            self._head(200, len(CONTENT) + 1000)
            self.wfile.write(CONTENT + bytes(1000))
        else:
            self._head(404, 0)

    def _head(self, status: int, length: int, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Handler.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


def get(url: str, target: Path, sha256: str = SHA256) -> int:
    steps: list[int] = []
    fetch(url, target, sha256=sha256, size=len(CONTENT), progress=steps.append)
    return sum(steps)


@pytest.mark.parametrize("path", ["/file", "/whole", "/redirect"])
def test_a_file_arrives_whole_and_progress_adds_up(server: str, tmp_path: Path, path: str) -> None:
    target = tmp_path / "models" / "model.onnx"
    assert get(server + path, target) == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("path", ["/file", "/whole"])
def test_an_interrupted_download_is_continued_or_begun_again(server: str, tmp_path: Path, path: str) -> None:
    target = tmp_path / "model.onnx"
    with pytest.raises(DownloadError, match="try again"):
        get(server + "/dropped", target)
    assert not target.exists()
    assert get(server + path, target) == len(CONTENT)
    assert target.read_bytes() == CONTENT
    assert Handler.seen[-1] == (path, f"bytes={len(CONTENT) // 2}-")


def test_a_wrong_hash_leaves_nothing(server: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="not the expected file"):
        get(server + "/file", tmp_path / "model.onnx", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_no_more_is_read_than_the_file_has(server: str, tmp_path: Path) -> None:
    assert get(server + "/longer", tmp_path / "model.onnx") == len(CONTENT)


def test_a_part_that_is_too_long_is_thrown_away(server: str, tmp_path: Path) -> None:
    (tmp_path / "model.onnx.part").write_bytes(CONTENT + b"x")
    get(server + "/file", tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == CONTENT


def test_what_is_not_there_is_one_line(server: str, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"^the server answered 404 for [^\n]+$"):
        get(server + "/nothing", tmp_path / "model.onnx")


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"^[^\n]+can't be reached[^\n]+$"):
        get("http://127.0.0.1:1/file", tmp_path / "model.onnx")


def test_a_full_disk_is_one_line_and_keeps_the_part(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DownloadError, match="No space left"):
        get(server + "/file", tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
