"""nginx, or as much of it as the documentation's configuration uses, for machines that have none."""

import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import httpx

from tests.e2e.service import START_S, free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@contextmanager
def proxy(configuration: str, service_port: int) -> Iterator[int]:
    """Run a configuration's server without TLS, before a service on this machine; the port."""
    port = free_port()
    here = configuration.replace("127.0.0.1:5000", f"127.0.0.1:{service_port}")
    with _nginx(here, port) if NGINX else _stand_in(here, port):
        yield port


@contextmanager
def _nginx(configuration: str, port: int) -> Iterator[None]:
    assert NGINX is not None
    here = configuration.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    here = re.sub(r"^ *ssl_certificate.*;\n", "", here, flags=re.MULTILINE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        file = folder / "nginx.conf"
        file.write_text(
            f"pid {folder}/pid;\nerror_log {folder}/error.log;\ndaemon off;\nmaster_process off;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{paths}{here}}}\n"
        )
        command = [NGINX, "-e", str(folder / "error.log"), "-c", str(file)]
        subprocess.run([*command, "-t"], check=True, capture_output=True)
        server = subprocess.Popen(command)
        try:
            _wait(port)
            yield
        finally:
            server.terminate()
            server.wait(60)


@contextmanager
def _stand_in(configuration: str, port: int) -> Iterator[None]:
    address = re.findall(r"upstream face_api \{\s*server ([\d.:]+);", configuration)[0]
    (redirect,) = re.findall(r"location = (\S+) \{\s*return 301 (\S+);", configuration)
    ((location, inside),) = re.findall(
        r"location (/\S*) \{(.*?)^    \}", configuration, re.DOTALL | re.MULTILINE
    )
    (target,) = re.findall(r"proxy_pass http://face_api(\S*);", inside)
    headers = re.findall(r'proxy_set_header (\S+) "?([^";]*)"?;', inside)

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            if self.path == redirect[0]:
                self.send_response(301)
                self.send_header("Location", redirect[1])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            known = {"$http_host": self.headers["Host"], "$scheme": "http"}
            known |= {"$remote_addr": self.client_address[0], "$request_id": uuid4().hex}
            sent = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            sent |= {name: known.get(value, value) for name, value in headers if value}
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            assert self.path.startswith(location)
            path = target + self.path.removeprefix(location) if target else self.path
            answer = httpx.request(
                self.command, f"http://{address}{path}", headers=sent, content=body, timeout=60
            )
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name not in HOP_BY_HOP | {"content-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_DELETE = do_PATCH = handle_one  # noqa: N815 (http.server's names)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=60)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("nginx did not start")
