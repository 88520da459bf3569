"""What the simulation is compared with: a service in one process, and three services on one host."""

import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from tests.benchmarks.capacity.chain import Chain, Part, of_a_chain
from tests.benchmarks.capacity.service import Figures, Request, Topology, of_a_run
from tests.benchmarks.image import each_ms
from tests.benchmarks.load import photo_request, run
from tests.benchmarks.rig import Rig
from tests.benchmarks.served import OURS, Service, enrol

FED_BY = 8
_TRIED = 15
"""Photos."""
_WAITING_WORKERS = 16
"""Threads of an API whose models are elsewhere."""
_MODELS = ("detection", "recognition")
_PATIENCE = {"FACE_SERVICE_TIMEOUT_S": "60"}


class Deployment(ABC):
    """Services that run, the one that is asked first, and what a request takes in each."""

    name: ClassVar[str]

    def __init__(self, rig: Rig, services: Sequence[Service], seconds: float) -> None:
        self.rig, self.services = rig, services
        self.requests = [photo_request(person.probe) for person in rig.people]
        self.client = 0.0
        """Seconds of processor time of a request, in the client."""
        self.spent: Sequence[tuple[float, float]] = ()
        """The same in each service: in its workers, and in the rest of it."""
        self._seconds = seconds
        photos = [each.probe for each in rig.people[:30]]
        each_ms(rig.analyser, photos)  # the first load what the others use
        taken = each_ms(rig.analyser, photos, time.thread_time)
        self.shares = [ms / statistics.fmean(taken) for ms in taken]
        """What photos take, in units of their mean."""
        enrol(services[0], rig)

    @property
    def port(self) -> int:
        """Of the service that is asked."""
        return self.services[0].port

    @abstractmethod
    def simulated(self, clients: int, seconds: float, cores: Sequence[float], seed: int) -> Figures:
        """What the simulation says; `cores` as Processor has them."""

    def alone(self) -> float:
        """The cores that a thread gets which analyses photos."""
        computed, start = time.process_time(), time.perf_counter()
        each_ms(self.rig.analyser, [each.probe for each in self.rig.people[:_TRIED]])
        return (time.process_time() - computed) / (time.perf_counter() - start)

    def fed(self) -> float:
        """The cores that the services and eight clients get; `spent` and `client` are what a request took."""
        before = [(each.processor_s(), each.workers_s()) for each in self.services]
        outcome = run(self.port, self.requests, FED_BY, self._seconds)
        after = [(each.processor_s(), each.workers_s()) for each in self.services]
        used = [(all_ - was, worked - had) for (was, had), (all_, worked) in zip(before, after, strict=True)]
        answers = len(outcome.answered)
        self.spent = [(worked / answers, (computed - worked) / answers) for computed, worked in used]
        self.client = outcome.processor_s / answers
        return (sum(computed for computed, _ in used) + outcome.processor_s) / outcome.seconds


class OneProcess(Deployment):
    """The service as it is without settings."""

    name: ClassVar = "one process"

    @override
    def simulated(self, clients: int, seconds: float, cores: Sequence[float], seed: int) -> Figures:
        ((worker, rest),) = self.spent
        settings = self.rig.settings
        topology = Topology(cores=settings.cores, workers=settings.worker_count, available=cores)
        request = Request(worker=[share * worker for share in self.shares], loop=rest, client=self.client)
        return of_a_run(topology, request, clients, seconds, seed)


class ThreeServices(Deployment):
    """The API, detection and recognition, each a process."""

    name: ClassVar = "three services"

    @override
    def simulated(self, clients: int, seconds: float, cores: Sequence[float], seed: int) -> Figures:
        threads = self.rig.settings.worker_count
        (asking, rest), detection, recognition = self.spent
        chain = Chain(
            api=Part(loop=rest, worker=[asking], workers=_WAITING_WORKERS),
            models=[
                Part(
                    loop=detection[1], worker=[share * detection[0] for share in self.shares], workers=threads
                ),
                Part(loop=recognition[1], worker=[recognition[0]], workers=threads),
            ],
            client=self.client,
            cores=cores,
        )
        return of_a_chain(chain, clients, seconds, seed)


@contextmanager
def running(kind: type[Deployment], rig: Rig, home: Path, seconds: float) -> Iterator[Deployment]:
    """Start the services in folders of their own, and make them ready."""
    with ExitStack() as stack:
        models = [
            stack.enter_context(
                Service(
                    (OURS[0], "serve-models", "--tasks", task), home / task, ready_path="/v2/health/ready"
                )
            )
            for task in (_MODELS if kind is ThreeServices else ())
        ]
        urls: Mapping[str, str] = {
            f"FACE_{task.upper()}_URL": f"http://127.0.0.1:{model.port}"
            for task, model in zip(_MODELS, models, strict=False)
        }
        for model in models:
            model.ready()
        api = stack.enter_context(Service(OURS, home / "api", {**urls, **_PATIENCE} if urls else None))
        yield kind(rig, [api.ready(), *models], seconds)
