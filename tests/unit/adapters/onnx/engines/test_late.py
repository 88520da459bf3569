"""Sessions that are started by a thread when they are first asked for."""

from threading import Event

import pytest

from adapters.onnx.engines.late import LateSession
from domain.errors import BrokenModel
from tests.unit.adapters.onnx.engines.test_multi_thread import ThreadCount, until_timeout


def test_nobody_waits_for_it_and_it_is_started_once() -> None:
    slow, started = Event(), []

    def start() -> ThreadCount:
        started.append(1)
        assert slow.wait(120)
        return ThreadCount(1)

    late = LateSession(start)
    assert started == []
    assert late() is None
    assert late() is None
    slow.set()
    for _ in until_timeout():
        if late() is not None:
            break
    assert started == [1]


@pytest.mark.parametrize("broken", [True, False], ids=["broken", "none"])
def test_where_it_cannot_be_started_there_is_none(broken: bool, caplog: pytest.LogCaptureFixture) -> None:  # noqa: FBT001
    tried = Event()

    def start() -> None:
        tried.set()
        if broken:
            raise BrokenModel("no such kernel")

    late = LateSession(start)
    assert late() is None
    assert tried.wait(120)
    if broken:
        for _ in until_timeout():
            if "no such kernel" in caplog.text:
                break
    assert late() is None
