"""How a process ends when it is told to, whatever it is doing."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, sys, time, uvloop
from entrypoints.bootstrap.signals import StopSignals

async def main():
    StopSignals(limit_s=float(sys.argv[2]))
    print("begun", flush=True)
    if sys.argv[1] == "waits":
        await asyncio.sleep(600)
    elif sys.argv[1] == "computes":
        while True:
            pass
    else:
        time.sleep(600)

uvloop.run(main())
"""


@contextmanager
def program(behaviour: str, limit_s: int, *under: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*under, sys.executable, "-c", PROGRAM, behaviour, str(limit_s)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_cancels_the_task(number: int) -> None:
    with program("waits", 120) as process:
        process.send_signal(number)
        _, said = process.communicate(timeout=120)
    assert "CancelledError" in said
    assert "did not stop" not in said


@pytest.mark.parametrize("behaviour", ["computes", "sleeps"])
def test_a_blocked_event_loop_does_not_prevent_the_end(behaviour: str) -> None:
    with program(behaviour, 1) as process:
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "did not stop within 1 s" in said


def test_under_nohup_the_end_of_the_terminal_stops_nothing() -> None:
    with program("waits", 120, "nohup") as process:
        status = Path(f"/proc/{process.pid}/status").read_text()
    (ignored,) = re.findall(r"SigIgn:\s*(\w+)", status)
    assert int(ignored, 16) & 1 << (signal.SIGHUP - 1)
