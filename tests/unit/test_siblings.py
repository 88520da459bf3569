"""Processes beside the first, here with a program that takes its time to end."""

import asyncio
import sys
from pathlib import Path

import pytest

from entrypoints.bootstrap.worker_processes import Siblings

SLOW = """
import signal, sys, time
from pathlib import Path

def end(*_):
    time.sleep(0.5)
    Path(sys.argv[1], "ended").touch()
    sys.exit()

signal.signal(signal.SIGTERM, end)
Path(sys.argv[1], "begun").touch()
signal.pause()
"""


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_one_that_is_told_to_end_is_waited_for_however_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "-c", SLOW, str(tmp_path)])
    async with asyncio.timeout(60), Siblings(1, 5000) as siblings:
        while not (tmp_path / "begun").exists():  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)
        for _ in range(times):
            siblings.stop()
            await asyncio.sleep(0.05)
    assert (tmp_path / "ended").exists()
