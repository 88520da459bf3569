"""Several services that a request goes through, on one host: the API asks detection and then recognition."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.capacity.events import Process, Processor, Simulation, Slots
from tests.benchmarks.capacity.service import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a service does for a request, in seconds of processor time."""

    loop: float
    """In its event loop, half of it before the worker's part and half behind."""
    worker: Sequence[float]
    """In a worker thread, by photo; those of all parts are of the same photos, or one for all."""
    workers: int
    """Its threads; the API's are taken while it waits for the others, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """The API, and the services that it asks one after the other."""

    api: Part
    models: Sequence[Part]
    client: float = 0.0
    """In the client, which is on the same host."""
    cores: Sequence[float] = (1, 2)
    """See Processor."""


class _Service:
    def __init__(self, part: Part) -> None:
        self.part = part
        self.loop, self.threads = Slots(1), Slots(part.workers)

    def in_loop(self, processor: Processor) -> Process:
        yield self.loop.take
        yield processor.run(self.part.loop / 2)
        self.loop.leave()

    def work(self, photo: int) -> float:
        return self.part.worker[photo % len(self.part.worker)]


class _Load:
    def __init__(self, chain: Chain, seconds: float, seed: int) -> None:
        self.chain, self.simulation, self.figures = chain, Simulation(), Figures(seconds)
        self.processor = Processor(self.simulation, chain.cores)
        self.api, self.models = _Service(chain.api), [_Service(part) for part in chain.models]
        self._random = random.Random(seed)
        self._photos = max(len(part.worker) for part in (chain.api, *chain.models))

    def client(self, until: float) -> Process:
        """One that asks again as soon as it is answered."""
        while self.simulation.now < until:
            begun, photo = self.simulation.now, self._random.randrange(self._photos)
            if self.chain.client:
                yield self.processor.run(self.chain.client)
            yield from self.answer(photo)
            self.figures.latencies.append(self.simulation.now - begun)

    def answer(self, photo: int) -> Process:
        """From the API's first byte to its last."""
        api, processor = self.api, self.processor
        yield from api.in_loop(processor)
        yield api.threads.take
        yield processor.run(api.work(photo) / 2)
        for service in self.models:
            yield from service.in_loop(processor)
            yield service.threads.take
            yield processor.run(service.work(photo))
            service.threads.leave()
            yield from service.in_loop(processor)
        yield processor.run(api.work(photo) / 2)
        api.threads.leave()
        yield from api.in_loop(processor)


def of_a_chain(chain: Chain, clients: int, seconds: float, seed: int = 1) -> Figures:
    """Clients that ask again as soon as they are answered, to the last answer."""
    load = _Load(chain, seconds, seed)
    for _ in range(clients):
        load.simulation.start(load.client(seconds))
    load.simulation.run()
    load.figures.seconds = load.simulation.now
    return load.figures
