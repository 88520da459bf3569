"""The service as the simulation has it: instances on hosts of their own, and one database."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle

from tests.benchmarks.capacity.events import Process, Processor, Simulation, Slots
from tests.benchmarks.statistics import percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Seconds of processor time that a request takes."""

    worker: Sequence[float]
    """In a worker thread: what a photo takes; each request has one of these."""
    loop: float
    """In the event loop, half of it before the worker's part and half behind."""
    search: float = 0.0
    """In a thread, for the index in memory."""
    database: float = 0.0
    """In PostgreSQL."""
    client: float = 0.0
    """In the client, where it is on the same host."""
    network: float = 0.0
    """Seconds that pass between the service and its database, there and back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Hosts."""

    instances: int = 1
    """Each on a host, with one process a core and one worker more than that."""
    cores: int = 2
    """Of each."""
    workers: int = 3
    """Threads that analyse, of each instance."""
    processes: int = 1
    """Event loops of each instance."""
    database_cores: int | None = None
    """Of the database's own host; None if it is on that of the only instance."""
    connections: int = 8
    """Of each process to the database."""
    available: Sequence[float] = ()
    """Where other programs want the cores of the instances, too: see Processor."""


@dataclass(slots=True)
class Figures:
    """What became of it."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    """Of the answers, in seconds."""
    waiting: int = 0
    """Requests that are not answered at the end."""
    instances: float = 0.0
    """Share of the instances' cores that computed."""
    database: float = 0.0
    """The same of the database's host."""

    @property
    def per_second(self) -> float:
        """Answers."""
        return len(self.latencies) / self.seconds

    def ms(self, part: float) -> float:
        """A percentile of the latencies."""
        return percentile(self.latencies, part) * 1e3 if self.latencies else float("nan")


class _Instance:
    def __init__(self, topology: Topology, processor: Processor, database: Processor) -> None:
        self.processor, self.database = processor, database
        self.loops = [Slots(1) for _ in range(topology.processes)]
        self.workers = Slots(topology.workers)
        self.connections = Slots(topology.connections * topology.processes)
        self._turn = cycle(range(topology.processes))

    def answer(self, simulation: Simulation, request: Request, photo: float) -> Process:
        """A request from its arrival to the answer."""
        loop = self.loops[next(self._turn)]
        yield loop.take
        yield self.processor.run(request.loop / 2)
        loop.leave()
        yield self.workers.take
        yield self.processor.run(photo)
        self.workers.leave()
        if request.search:
            yield self.processor.run(request.search)
        if request.database:
            yield self.connections.take
            yield simulation.wait(request.network)
            yield self.database.run(request.database)
            self.connections.leave()
        yield loop.take
        yield self.processor.run(request.loop / 2)
        loop.leave()


class _Load:
    """A service under simulation."""

    def __init__(self, topology: Topology, request: Request, seconds: float, seed: int) -> None:
        self.simulation, self.request, self.figures = Simulation(), request, Figures(seconds)
        self.random = random.Random(seed)
        self.warm = seconds / 10
        """Answers of the beginning, when nobody waits yet, are not counted."""
        self._hosts = [
            Processor(self.simulation, topology.available or _all(topology.cores))
            for _ in range(topology.instances)
        ]
        self._database = (
            self._hosts[0]
            if topology.database_cores is None
            else Processor(self.simulation, _all(topology.database_cores))
        )
        self._topology = topology
        self._turn = cycle([_Instance(topology, host, self._database) for host in self._hosts])

    def ask(self) -> Process:
        """One request, to the next instance."""
        begun = self.simulation.now
        self.figures.waiting += 1
        instance = next(self._turn)
        if self.request.client:
            yield instance.processor.run(self.request.client)
        yield from instance.answer(self.simulation, self.request, self.random.choice(self.request.worker))
        self.figures.waiting -= 1
        if self.simulation.now >= self.warm:
            self.figures.latencies.append(self.simulation.now - begun)

    def keep_asking(self, clients: int, until: float = math.inf) -> None:
        """Let clients ask again as soon as they are answered, until that time."""

        def client() -> Process:
            while self.simulation.now < until:
                yield from self.ask()

        for _ in range(clients):
            self.simulation.start(client())

    def run(self) -> Figures:
        """To the end."""
        end = self.warm + self.figures.seconds
        self.simulation.run(end)
        cores = self._topology.cores * self._topology.instances
        self.figures.instances = sum(host.busy for host in self._hosts) / end / cores
        if self._topology.database_cores is not None:
            self.figures.database = self._database.busy / end / self._topology.database_cores
        return self.figures


def _all(cores: int) -> Sequence[float]:
    return range(1, cores + 1)


def by_clients(
    topology: Topology, request: Request, clients: int, seconds: float = 60.0, seed: int = 1
) -> Figures:
    """Clients that ask again as soon as they are answered."""
    load = _Load(topology, request, seconds, seed)
    load.keep_asking(clients)
    return load.run()


def of_a_run(topology: Topology, request: Request, clients: int, seconds: float, seed: int = 1) -> Figures:
    """As `by_clients`, but as short as a real run is: with its beginning, and to the last answer."""
    load = _Load(topology, request, seconds, seed)
    load.warm = 0.0
    load.keep_asking(clients, until=seconds)
    load.simulation.run()
    load.figures.seconds = load.simulation.now
    return load.figures


def by_rate(
    topology: Topology, request: Request, per_second: float, seconds: float = 20.0, seed: int = 1
) -> Figures:
    """Requests that come by chance, so many a second on the mean, whatever becomes of the others."""
    load = _Load(topology, request, seconds, seed)

    def arrivals() -> Process:
        while True:
            yield load.simulation.wait(load.random.expovariate(per_second))
            load.simulation.start(load.ask())

    load.simulation.start(arrivals())
    return load.run()
