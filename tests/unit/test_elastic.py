import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from adapters.onnx.engines.multi_thread import ElasticSession
from adapters.onnx.session import Tensor
from adapters.system.idle_cores import SpareCores
from tests.unit.networks import Recorder

PICTURE = np.zeros((1, 3, 32, 32), np.float32)


class Said:
    """Says what the test wants of the cores."""

    threads = 3

    def __init__(self, *, spare: bool) -> None:
        self.spare = spare

    def now(self) -> bool:
        return self.spare


class Named(Recorder):
    """Says how many threads it has."""

    def __init__(self, threads: int) -> None:
        super().__init__({})
        self.threads = threads

    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        return {"threads": np.full(len(batch), self.threads, np.float32)}


def threads(session: ElasticSession) -> int:
    return int(session.run(PICTURE)["threads"][0])


def patience() -> Iterator[None]:
    """Turns of a loop that waits for another thread, a while long."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        yield
        time.sleep(0.001)
    raise TimeoutError


def test_runs_spread_over_spare_cores_only() -> None:
    spare = Said(spare=True)
    session = ElasticSession(Named, spare)
    for _ in patience():
        if threads(session) == 3:
            break
    spare.spare = False
    assert threads(session) == 1
    spare.spare = True
    assert threads(session) == 3


def test_nobody_waits_for_the_second_session() -> None:
    slow = Event()

    def start(threads: int) -> Named:
        if threads > 1:
            assert slow.wait(30)
        return Named(threads)

    session = ElasticSession(start, Said(spare=True))
    assert threads(session) == 1
    assert threads(session) == 1
    slow.set()


def test_both_are_started_once_however_busy_the_cores_are() -> None:
    started: list[int] = []

    def start(threads: int) -> Named:
        started.append(threads)
        return Named(threads)

    session = ElasticSession(start, Said(spare=False))
    assert started == [1]
    for _ in patience():
        assert threads(session) == 1
        if len(started) > 1:
            break
    assert threads(session) == 1
    assert started == [1, 3]


def test_it_looks_like_the_network_that_it_runs() -> None:
    session = ElasticSession(Named, Said(spare=False))
    one = Named(1)
    assert (session.input_shape, session.output_shapes, session.metadata) == (
        one.input_shape,
        one.output_shapes,
        one.metadata,
    )


@pytest.mark.parametrize(
    ("running", "spare"), [("1/80", True), ("5/80", True), ("6/80", False), ("80/80", False)]
)
def test_cores_are_spare_if_each_thread_would_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, running: str, spare: bool
) -> None:
    load = tmp_path / "loadavg"
    load.write_text(f"0.20 0.18 0.12 {running} 11206\n")
    monkeypatch.setattr("adapters.system.idle_cores._LOAD", load)
    assert SpareCores(cores=8, threads=4).now() is spare


@pytest.mark.parametrize("text", ["", "0.20 0.18 0.12", "0.20 0.18 0.12 0/0 1", "a b c d/e f"])
def test_no_core_is_spare_if_the_system_does_not_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    load = tmp_path / "loadavg"
    load.write_text(text)
    monkeypatch.setattr("adapters.system.idle_cores._LOAD", load)
    assert not SpareCores(cores=8, threads=2).now()
    load.unlink()
    assert not SpareCores(cores=8, threads=2).now()


def test_the_caller_is_among_those_that_run() -> None:
    """On this machine: were it not counted, work of as many threads as there are cores would never be alone."""
    if not Path("/proc/loadavg").exists():
        pytest.skip("Linux only")
    assert SpareCores(cores=1_000_000, threads=2).now()
