"""Recognition over HTTP, with real photos, by several numbers of clients; beside OpenCV behind the same HTTP."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from application.analysis.analyser import FaceAnalyser
from tests.benchmarks.configurations import configurations
from tests.benchmarks.image import each_ms, enlarged, pixels
from tests.benchmarks.limits import images_per_second
from tests.benchmarks.load import Outcome, photo_request, run
from tests.benchmarks.opencv import opencv_analyser, prepare_opencv
from tests.benchmarks.report import Http, Level, Server
from tests.benchmarks.rig import Rig
from tests.benchmarks.served import OPENCV, OURS, Service, enrol, folder
from tests.benchmarks.statistics import Spread, percentile, ratio
from tests.benchmarks.weights import for_opencv

_PEER = "OpenCV behind the same HTTP"
_MEGAPIXELS = 1
"""Of the larger photos: those of a webcam, or what an app sends of a phone's."""

_Pipeline: TypeAlias = tuple[FaceAnalyser, Sequence[str], Mapping[str, str]]
"""The same in this process, as a command, and the command's environment."""


@dataclass(slots=True)
class _Rounds:
    """What one server has done with photos of one size, a figure a round."""

    stages: list[list[float]] = field(default_factory=list)
    """Milliseconds of each photo."""
    stages_computed: list[float] = field(default_factory=list)
    """Milliseconds of processor time a photo."""
    loads: defaultdict[int, list["_Load"]] = field(default_factory=lambda: defaultdict(list))
    """By clients."""


@dataclass(frozen=True, slots=True)
class _Load:
    """What became of a load, and the seconds that the service computed for it, and its workers of these."""

    outcome: Outcome
    computed: float
    in_workers: float

    @classmethod
    def put_on(cls, service: Service, requests: Sequence[bytes], clients: int, seconds: float) -> "_Load":
        """Measure one."""
        computed, in_workers = service.processor_s(), service.workers_s()
        outcome = run(service.port, requests, clients, seconds)
        return cls(outcome, service.processor_s() - computed, service.workers_s() - in_workers)


def measure(rig: Rig) -> list[Http]:
    """For each size of photos the stages, then each number of clients, in each round; the servers take turns."""
    prepare_opencv()
    with ExitStack() as stack:
        home = Path(stack.enter_context(folder()))
        files = for_opencv(rig.container, rig.choice.detection, rig.choice.recognition, home)
        pipelines: dict[str, _Pipeline] = {
            **{name: (one.analyser, OURS, one.environment) for name, one in configurations(rig).items()},
            _PEER: (opencv_analyser(rig.analyser, rig.choice, *files), OPENCV, {}),
        }
        services = {
            name: stack.enter_context(Service(command, home / f"server{number}", environment))
            for number, (name, (_, command, environment)) in enumerate(pipelines.items())
        }
        enrolled = min(enrol(service.ready(), rig) for service in services.values())
        return [
            _with_photos(rig, size, photos, pipelines, services, enrolled)
            for size, photos in _sizes(rig).items()
        ]


def _sizes(rig: Rig) -> dict[str, Sequence[bytes]]:
    photos = [person.probe for person in rig.people]
    large = [enlarged(rig.analyser.decoder.decode(photo), _MEGAPIXELS) for photo in photos]
    return {pixels(rig, photos): photos, f"{_MEGAPIXELS} MP": large}


def _with_photos(
    rig: Rig,
    size: str,
    photos: Sequence[bytes],
    pipelines: Mapping[str, _Pipeline],
    services: Mapping[str, Service],
    enrolled: int,
) -> Http:
    requests = [photo_request(photo) for photo in photos]
    taken = {name: _Rounds() for name in pipelines}
    for pipeline, *_ in pipelines.values():
        each_ms(pipeline, photos[:3])
    for service in services.values():
        run(service.port, requests, max(rig.effort.clients), 60, most=len(requests))
    for number in range(rig.effort.rounds):
        rig.tell(f"http, photos of {size}, round {number + 1} of {rig.effort.rounds}")
        for name, (pipeline, *_) in pipelines.items():
            start = time.process_time()
            taken[name].stages.append(each_ms(pipeline, photos))
            taken[name].stages_computed.append((time.process_time() - start) / len(photos) * 1e3)
        for clients in rig.effort.clients:
            for name, service in services.items():
                load = _Load.put_on(service, requests, clients, rig.effort.seconds)
                taken[name].loads[clients].append(load)
    *ours, peer = taken.values()
    return Http(
        size=size,
        photos=len(photos),
        enrolled=enrolled,
        cores=rig.settings.cores,
        servers=[_server(name, rounds, rig.settings.cores) for name, rounds in taken.items()],
        times_peer=[
            {
                str(clients): ratio(_rates(rounds.loads[clients]), _rates(peer.loads[clients]))
                for clients in rig.effort.clients
            }
            for rounds in ours
        ],
    )


def _server(name: str, rounds: _Rounds, cores: int) -> Server:
    limits = [images_per_second(cores, statistics.fmean(photos)) for photos in rounds.stages]
    middles = [statistics.median(photos) for photos in rounds.stages]
    return Server(
        name=name,
        stages=Spread.of([statistics.fmean(photos) for photos in rounds.stages]),
        stages_computed=Spread.of(rounds.stages_computed),
        limit=Spread.of(limits),
        levels=[_level(clients, loads, limits, middles, cores) for clients, loads in rounds.loads.items()],
    )


def _level(
    clients: int, loads: Sequence[_Load], limits: Sequence[float], stages: Sequence[float], cores: int
) -> Level:
    outcomes = [load.outcome for load in loads]
    p50, p99 = ([percentile(outcome.answered, part) * 1e3 for outcome in outcomes] for part in (0.5, 0.99))
    seconds = sum(outcome.seconds for outcome in outcomes)
    return Level(
        clients=clients,
        answered=sum(len(outcome.answered) for outcome in outcomes),
        errors=sum(outcome.errors for outcome in outcomes),
        per_second=Spread.of(_rates(loads)),
        share=ratio(_rates(loads), limits),
        p50=Spread.of(p50),
        p99=Spread.of(p99),
        above_stages=Spread.of([took - summed for took, summed in zip(p50, stages, strict=True)]),
        computed=Spread.of([load.computed / len(load.outcome.answered) * 1e3 for load in loads]),
        in_workers=Spread.of([load.in_workers / load.computed for load in loads]),
        generator=sum(outcome.processor_s for outcome in outcomes) / seconds / cores,
    )


def _rates(loads: Iterable[_Load]) -> list[float]:
    return [load.outcome.per_second for load in loads]
