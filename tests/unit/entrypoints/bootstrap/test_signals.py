"""How a process ends when it is told to, whatever it is doing."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

PROGRAM = """
import asyncio, sys, time, uvloop
from entrypoints.bootstrap.signals import StopSignals

async def main():
    StopSignals(limit_s=1)
    print("begun", flush=True)
    if sys.argv[1] == "waits":
        await asyncio.sleep(60)
    elif sys.argv[1] == "computes":
        while True:
            pass
    else:
        time.sleep(60)

uvloop.run(main())
"""


@contextmanager
def program(behaviour: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, behaviour],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_cancels_the_task(number: int) -> None:
    with program("waits") as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert "CancelledError" in said
    assert "did not stop" not in said


@pytest.mark.parametrize("behaviour", ["computes", "sleeps"])
def test_a_blocked_event_loop_does_not_prevent_the_end(behaviour: str) -> None:
    with program(behaviour) as process:
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        _, said = process.communicate(timeout=30)
        assert time.monotonic() - began < 20
    assert process.returncode == 1
    assert "did not stop within 1 s" in said
