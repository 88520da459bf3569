"""The simulation beside a real service: what it says of 1 and 16 clients, from what was measured with 8.

The simulation is fed with what a request of eight clients takes of the processor in workers, in the rest of the
service and in the client, and with what other programs leave of the cores: one job gets what a thread got that
analyses photos here, more get what the service got together while eight clients asked, both before and after the load
in question.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import click

from tests.benchmarks.capacity.service import Figures, Request, Topology, of_a_run
from tests.benchmarks.command import rig_of
from tests.benchmarks.image import each_ms
from tests.benchmarks.load import Outcome, photo_request, run
from tests.benchmarks.rig import THOROUGH, Rig
from tests.benchmarks.served import OURS, Service, enrol, folder
from tests.benchmarks.statistics import percentile

FED_BY = 8
CHECKED = (1, 16)
_TRIED = 15
"""Photos."""
_RUNS = 9
"""Of the simulation, whose median counts."""


@click.command()
@click.option("--rounds", type=click.IntRange(1, 100), default=8, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.5, 60), default=4.0, show_default=True, help="of a load")
@click.option("--images", type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(rounds: int, seconds: float, images: Path | None) -> None:
    """Print for 1 and 16 clients what was measured, what was simulated, and by how much they differ."""
    rig = rig_of(images, None, THOROUGH)
    requests = [photo_request(person.probe) for person in rig.people]
    found: dict[int, list[tuple[Outcome, Figures]]] = defaultdict(list)
    with folder() as home, Service(OURS, Path(home) / "service") as service:
        enrol(service.ready(), rig)
        run(service.port, requests, max(CHECKED), 60, most=len(requests))
        for number in range(rounds):
            loads = _Loads(rig, service, requests, seconds)
            for clients in CHECKED:
                around = loads.alone if clients == 1 else loads.fed
                before = around()
                outcome = run(service.port, requests, clients, seconds)
                after = around()
                request, cores = loads.request, (before + after) / 2
                available = [cores] if clients == 1 else [min(1.0, cores), cores]
                topology = Topology(
                    cores=rig.settings.cores, workers=rig.settings.worker_count, available=available
                )
                runs = [of_a_run(topology, request, clients, seconds, seed) for seed in range(_RUNS)]
                figures = sorted(runs, key=lambda each: each.per_second)[_RUNS // 2]
                found[clients].append((outcome, figures))
                click.echo(
                    f"round {number + 1}, {clients:2} clients, {statistics.fmean(request.worker) * 1e3:.1f} ms in"
                    f" workers and {request.loop * 1e3:.1f} in the rest, {cores:.2f} cores: measured"
                    f" {outcome.per_second:5.1f} a second, simulated {figures.per_second:5.1f}; p50"
                    f" {percentile(outcome.answered, 0.5) * 1e3:5.0f} and {figures.ms(0.5):5.0f} ms"
                )
    for clients, rows in found.items():
        rates = [figures.per_second / outcome.per_second for outcome, figures in rows]
        middles = [figures.ms(0.5) / 1e3 / percentile(outcome.answered, 0.5) for outcome, figures in rows]
        click.echo(
            f"{clients} clients, simulated by measured, medians of {len(rows)} rounds:"
            f" answers a second {statistics.median(rates):.2f}, p50 {statistics.median(middles):.2f}"
        )


class _Loads:
    """What the simulation is fed with."""

    def __init__(self, rig: Rig, service: Service, requests: Sequence[bytes], seconds: float) -> None:
        self._rig, self._service, self._requests, self._seconds = rig, service, requests, seconds
        photos = [each.probe for each in rig.people[:30]]
        self._photos = [ms / 1e3 for ms in each_ms(rig.analyser, photos, time.thread_time)]
        self.fed()

    def alone(self) -> float:
        """The cores that a thread gets which analyses photos."""
        computed, start = time.process_time(), time.perf_counter()
        each_ms(self._rig.analyser, [each.probe for each in self._rig.people[:_TRIED]])
        return (time.process_time() - computed) / (time.perf_counter() - start)

    def fed(self) -> float:
        """The cores that the service and eight clients get; `request` is what a request took."""
        service = self._service
        computed, in_workers = service.processor_s(), service.workers_s()
        outcome = run(service.port, self._requests, FED_BY, self._seconds)
        computed, in_workers = service.processor_s() - computed, service.workers_s() - in_workers
        answers, mean = len(outcome.answered), statistics.fmean(self._photos)
        worker = in_workers / answers
        self.request = Request(
            worker=[photo * worker / mean for photo in self._photos],
            loop=computed / answers - worker,
            client=outcome.processor_s / answers,
        )
        return (computed + outcome.processor_s) / outcome.seconds
