"""How long the stages of a request take."""

import asyncio
import time

import pytest

from adapters.threads.measured import MeasuredWorkerPool
from application.stages import MOST_KEPT, Measurements, Stage, measuring, note_verdict, stage, timed
from domain.errors import Busy
from domain.identification import Verdict


@timed(Stage.EMBED)
def embed(number: int) -> int:
    return number


def test_nobody_measures() -> None:
    assert embed(1) == 1
    note_verdict(Verdict.MATCH)


def test_a_stage_that_fails_is_measured_too() -> None:
    with measuring() as measurements:
        assert embed(2) == 2
        with pytest.raises(ValueError, match="broken"), stage(Stage.DECODE):
            raise ValueError("broken")
        note_verdict(Verdict.UNKNOWN)
    embed(3)
    assert [which for which, _, _ in measurements.stages] == [Stage.EMBED, Stage.DECODE]
    assert measurements.stages[0].began <= measurements.stages[1].began
    assert measurements.verdicts == [Verdict.UNKNOWN]


def test_totals_and_a_bound() -> None:
    measurements = Measurements()
    for _ in range(MOST_KEPT + 5):
        measurements.add(Stage.DETECT, time.perf_counter() - 0.5)
    assert len(measurements.stages) == MOST_KEPT
    assert measurements.totals()[Stage.DETECT] >= MOST_KEPT / 2


async def test_workers_measure_for_the_request_that_they_work_for() -> None:
    pool = MeasuredWorkerPool(2, 8)

    async def request(times: int) -> list[Stage]:
        with measuring() as measurements:
            await asyncio.gather(*[pool.run(embed, number) for number in range(times)])
        return sorted(which for which, _, _ in measurements.stages)

    one, two = await asyncio.gather(request(1), request(3))
    assert one == [Stage.EMBED, Stage.QUEUE]
    assert two == [Stage.EMBED] * 3 + [Stage.QUEUE] * 3
    pool.close()


async def test_the_pool_knows_what_waits() -> None:
    pool = MeasuredWorkerPool(1, 1)
    loop, begun, gate = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def wait() -> None:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()

    calls = [asyncio.create_task(pool.run(wait)) for _ in range(2)]
    await begun.wait()
    assert (pool.busy, pool.queued) == (1, 1)
    with pytest.raises(Busy):
        await pool.run(wait)
    assert (pool.busy, pool.queued) == (1, 1)
    gate.set()
    await asyncio.gather(*calls)
    assert (pool.busy, pool.queued) == (0, 0)
    pool.close()
