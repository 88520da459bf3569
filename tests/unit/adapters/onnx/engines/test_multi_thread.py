import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from adapters.onnx.engines.multi_thread import MultiThreadSession
from adapters.onnx.session import Tensor
from adapters.system.idle_cores import IdleCores
from tests.unit.networks import Recorder

PICTURE = np.zeros((1, 3, 32, 32), np.float32)


def idle_cores(root: Path, *, busy: bool) -> IdleCores:
    """Of a machine of 8 cores whose load is written to a file under `root`; work would use 3 of them."""
    write_load(root, "8/80" if busy else "1/80")
    return IdleCores(cores=8, threads=3, root=root)


def write_load(root: Path, running: str) -> None:
    (root / "proc").mkdir(exist_ok=True)
    (root / "proc/loadavg").write_text(f"0.20 0.18 0.12 {running} 11206\n")


class ThreadCount(Recorder):
    """A session that answers with its number of threads."""

    def __init__(self, threads: int) -> None:
        super().__init__({})
        self.threads = threads

    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        return {"threads": np.full(len(batch), self.threads, np.float32)}


def threads(session: MultiThreadSession) -> int:
    return int(session.run(PICTURE)["threads"][0])


def until_timeout() -> Iterator[None]:
    """Iterations of a loop that waits for another thread."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        yield
        time.sleep(0.001)
    raise TimeoutError


def test_runs_use_several_threads_while_cores_are_idle(tmp_path: Path) -> None:
    session = MultiThreadSession(ThreadCount, idle_cores(tmp_path, busy=False))
    for _ in until_timeout():
        if threads(session) == 3:
            break
    write_load(tmp_path, "8/80")
    assert threads(session) == 1
    write_load(tmp_path, "1/80")
    assert threads(session) == 3


def test_no_run_waits_for_the_second_session(tmp_path: Path) -> None:
    slow = Event()

    def start(threads: int) -> ThreadCount:
        if threads > 1:
            assert slow.wait(120)
        return ThreadCount(threads)

    session = MultiThreadSession(start, idle_cores(tmp_path, busy=False))
    assert threads(session) == 1
    assert threads(session) == 1
    slow.set()


def test_both_sessions_are_started_once_even_if_no_core_is_idle(tmp_path: Path) -> None:
    started: list[int] = []

    def start(threads: int) -> ThreadCount:
        started.append(threads)
        return ThreadCount(threads)

    session = MultiThreadSession(start, idle_cores(tmp_path, busy=True))
    assert started == [1]
    for _ in until_timeout():
        assert threads(session) == 1
        if len(started) > 1:
            break
    assert threads(session) == 1
    assert started == [1, 3]


def test_it_has_the_shapes_and_metadata_of_its_network(tmp_path: Path) -> None:
    session = MultiThreadSession(ThreadCount, idle_cores(tmp_path, busy=True))
    single = ThreadCount(1)
    assert (session.input_shape, session.output_shapes, session.metadata) == (
        single.input_shape,
        single.output_shapes,
        single.metadata,
    )


@pytest.mark.parametrize(
    ("running", "idle"), [("1/80", True), ("5/80", True), ("6/80", False), ("80/80", False)]
)
def test_cores_are_available_if_each_thread_would_have_one(
    tmp_path: Path, *, running: str, idle: bool
) -> None:
    write_load(tmp_path, running)
    assert IdleCores(cores=8, threads=4, root=tmp_path).available() is idle


@pytest.mark.parametrize("text", ["", "0.20 0.18 0.12", "0.20 0.18 0.12 0/0 1", "a b c d/e f"])
def test_no_core_is_available_if_the_load_is_unknown(tmp_path: Path, text: str) -> None:
    write_load(tmp_path, "1/80")
    load = tmp_path / "proc/loadavg"
    cores = IdleCores(cores=8, threads=2, root=tmp_path)
    assert cores.available()
    load.write_text(text)
    assert not cores.available()


def test_no_core_is_available_where_nothing_says_so(tmp_path: Path) -> None:
    assert not IdleCores(cores=8, threads=2, root=tmp_path).available()


def test_who_has_handed_over_the_work_may_still_be_running(tmp_path: Path) -> None:
    write_load(tmp_path, "2/80")
    cores = IdleCores(cores=2, threads=2, root=tmp_path, wait=lambda _: write_load(tmp_path, "1/80"))
    assert cores.available()


@pytest.mark.parametrize(("working", "idle"), [(1, True), (5, True), (6, False), (80, False)])
def test_the_load_is_not_looked_at_while_threads_of_the_process_have_the_cores(
    tmp_path: Path, *, working: int, idle: bool
) -> None:
    write_load(tmp_path, "1/80")
    cores = IdleCores(cores=8, threads=4, working=lambda: working, root=tmp_path)
    assert cores.available() is idle


def test_the_calling_thread_counts() -> None:
    """On this machine: were it not counted, work of as many threads as there are cores would never be alone."""
    if not Path("/proc/loadavg").exists():
        pytest.skip("Linux only")
    assert IdleCores(cores=1_000_000, threads=2).available()
