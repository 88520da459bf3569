"""Recognition over HTTP, with real photos, by several numbers of clients; beside OpenCV behind the same HTTP."""

import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from application.analysis import FaceAnalyser
from application.benchmark.limits import images_per_second
from application.benchmark.statistics import Spread, percentile, ratio
from entrypoints.cli.bench.configurations import configurations
from entrypoints.cli.bench.image import each_ms
from entrypoints.cli.bench.load import Outcome, photo_request, run
from entrypoints.cli.bench.opencv import opencv_analyser, prepare_opencv
from entrypoints.cli.bench.report import Http, Level, Server
from entrypoints.cli.bench.rig import Rig
from entrypoints.cli.bench.served import OPENCV, OURS, Service, enrol, folder
from entrypoints.cli.bench.weights import for_opencv

_PEER = "OpenCV behind the same HTTP"

_Pipeline: TypeAlias = tuple[FaceAnalyser, Sequence[str], Mapping[str, str]]
"""The same in this process, as a command, and the command's environment."""


@dataclass(slots=True)
class _Rounds:
    """What one server has done, a figure a round."""

    stages: list[list[float]] = field(default_factory=list)
    """Milliseconds of each photo."""
    stages_computed: list[float] = field(default_factory=list)
    """Milliseconds of processor time a photo."""
    outcomes: defaultdict[int, list[Outcome]] = field(default_factory=lambda: defaultdict(list))
    """By clients."""
    computed: defaultdict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Likewise: milliseconds of processor time an answer."""


def measure(rig: Rig) -> Http:
    """The stages, then each number of clients, in each round; the servers take turns."""
    prepare_opencv()
    cores = rig.settings.cores
    photos = [person.probe for person in rig.people]
    requests = [photo_request(photo) for photo in photos]
    with ExitStack() as stack:
        home = Path(stack.enter_context(folder()))
        files = for_opencv(rig.container, rig.choice.detection, rig.choice.recognition, home)
        pipelines: dict[str, _Pipeline] = {
            **{name: (one.analyser, OURS, one.environment) for name, one in configurations(rig).items()},
            _PEER: (opencv_analyser(rig.analyser, rig.choice, *files), OPENCV, {}),
        }
        taken = {name: _Rounds() for name in pipelines}
        services = {
            name: stack.enter_context(Service(command, home / f"server{number}", environment))
            for number, (name, (_, command, environment)) in enumerate(pipelines.items())
        }
        enrolled = [enrol(service.ready(), rig) for service in services.values()]
        for pipeline, *_ in pipelines.values():
            each_ms(pipeline, photos[:3])
        for service in services.values():
            run(service.port, requests, max(rig.effort.clients), 60, most=len(requests))
        for number in range(rig.effort.rounds):
            rig.tell(f"http, round {number + 1} of {rig.effort.rounds}")
            for name, (pipeline, *_) in pipelines.items():
                start = time.process_time()
                taken[name].stages.append(each_ms(pipeline, photos))
                taken[name].stages_computed.append((time.process_time() - start) / len(photos) * 1e3)
            for clients in rig.effort.clients:
                for name, service in services.items():
                    computed = service.processor_s()
                    outcome = run(service.port, requests, clients, rig.effort.seconds)
                    computed = service.processor_s() - computed
                    taken[name].outcomes[clients].append(outcome)
                    taken[name].computed[clients].append(computed / len(outcome.answered) * 1e3)
    *ours, peer = taken.values()
    return Http(
        photos=len(photos),
        enrolled=min(enrolled),
        cores=cores,
        servers=[_server(name, rounds, cores) for name, rounds in taken.items()],
        times_peer=[
            {
                str(clients): ratio(_rates(rounds.outcomes[clients]), _rates(peer.outcomes[clients]))
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
        levels=[
            _level(clients, outcomes, rounds.computed[clients], limits, middles, cores)
            for clients, outcomes in rounds.outcomes.items()
        ],
    )


def _level(
    clients: int,
    outcomes: list[Outcome],
    computed: list[float],
    limits: list[float],
    stages: list[float],
    cores: int,
) -> Level:
    p50, p99 = ([percentile(outcome.answered, part) * 1e3 for outcome in outcomes] for part in (0.5, 0.99))
    seconds = sum(outcome.seconds for outcome in outcomes)
    return Level(
        clients=clients,
        answered=sum(len(outcome.answered) for outcome in outcomes),
        errors=sum(outcome.errors for outcome in outcomes),
        per_second=Spread.of(_rates(outcomes)),
        share=ratio(_rates(outcomes), limits),
        p50=Spread.of(p50),
        p99=Spread.of(p99),
        above_stages=Spread.of([took - summed for took, summed in zip(p50, stages, strict=True)]),
        computed=Spread.of(computed),
        generator=sum(outcome.processor_s for outcome in outcomes) / seconds / cores,
    )


def _rates(outcomes: Iterable[Outcome]) -> list[float]:
    return [outcome.per_second for outcome in outcomes]
