"""Counting in memory first."""

import asyncio
from typing import NamedTuple

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from adapters.prometheus import batches
from adapters.prometheus.batches import BatchHistogram, RequestCounts

BOUNDS = (0.1, 1.0, 10.0)
SECONDS = [0.0, 0.05, 0.1, 0.10001, 1.0, 2.0, 10.0, 11.0, 1e9]


class Metrics(NamedTuple):
    registry: CollectorRegistry
    answers: Counter
    seconds: BatchHistogram
    counts: RequestCounts

    def value(self, name: str) -> float | None:
        return self.registry.get_sample_value(name)


@pytest.fixture
def metrics() -> Metrics:
    registry = CollectorRegistry()
    return Metrics(
        registry,
        Counter("answers", "Answers", registry=registry),
        BatchHistogram("seconds", "Durations", buckets=BOUNDS, registry=registry),
        RequestCounts(Gauge("progress", "Requests", registry=registry)),
    )


def test_many_observations_are_as_one_after_the_other() -> None:
    registries = CollectorRegistry(), CollectorRegistry()
    alone = Histogram("seconds", "Durations", ["kind"], buckets=BOUNDS, registry=registries[0])
    together = BatchHistogram("seconds", "Durations", ["kind"], buckets=BOUNDS, registry=registries[1])
    for seconds in SECONDS:
        alone.labels("a").observe(seconds)
    together.labels("a").observe_all(SECONDS[:4])
    together.labels("a").observe_all(SECONDS[4:])

    one, other = (
        [
            (sample.name, sample.labels, sample.value)
            for family in registry.collect()
            for sample in family.samples
            if not sample.name.endswith("_created")
        ]
        for registry in registries
    )
    assert one == other


async def test_all_is_written_when_no_request_is_in_progress(metrics: Metrics) -> None:
    metrics.counts.begin()
    metrics.counts.begin()
    for _ in range(2):
        metrics.counts.count(metrics.answers)
        metrics.counts.observe(metrics.seconds, 0.5)
    metrics.counts.end()
    assert metrics.value("answers_total") == 0
    metrics.counts.end()
    assert metrics.value("answers_total") == 2
    assert metrics.value("seconds_count") == 2
    assert metrics.value("seconds_sum") == 1.0
    assert metrics.value("progress") == 0


async def test_what_lasts_is_written_too(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "WRITE_S", 0.0)
    metrics.counts.begin()
    metrics.counts.count(metrics.answers)
    await asyncio.sleep(0.01)
    assert metrics.value("progress") == 1
    assert metrics.value("answers_total") == 1


async def test_readers_have_it_written_once(metrics: Metrics) -> None:
    metrics.counts.begin()
    metrics.counts.count(metrics.answers)
    metrics.counts.write()
    metrics.counts.write()
    assert metrics.value("answers_total") == 1
    assert metrics.value("progress") == 1
