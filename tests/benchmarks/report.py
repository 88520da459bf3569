"""What the benchmark has found: the shape of its JSON.

Times are in milliseconds unless they say otherwise. A ratio is how many times as long as ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.growth.measure import Growth
from tests.benchmarks.statistics import Spread, ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where it ran."""

    processor: str
    cores: int
    """Those that this process may use."""
    memory_gb: float
    system: str
    load: float
    """Processes that wanted to run when it began, on the mean of a minute: what disturbed it."""
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way of doing something."""

    name: str
    ms: Spread
    ratio: Spread


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours, which is the first, and what a user would run instead, in the same rounds."""

    subject: str
    contestants: Sequence[Contestant]

    @classmethod
    def of(cls, subject: str, taken: Mapping[str, Sequence[float]]) -> "Comparison":
        """From the figures of interleaved rounds."""
        ours = next(iter(taken.values()))
        return cls(
            subject,
            [Contestant(name, Spread.of(times), ratio(times, ours)) for name, times in taken.items()],
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the way from a photo to its embedding: the mean of all photos, a figure a round."""

    name: str
    ms: Spread


@dataclass(frozen=True, slots=True)
class ImagePath:
    """From a file's bytes to the embedding of its largest face, in one thread."""

    photos: int
    stages: Sequence[Stage]
    """The last is their sum."""
    comparisons: Sequence[Comparison]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """So many clients, each of which asks again as soon as it is answered."""

    clients: int
    answered: int
    errors: int
    """Answers of 500 and more, 503 among them, and broken connections."""
    per_second: Spread
    share: Spread
    """Of the limit of the same round."""
    p50: Spread
    p99: Spread
    above_stages: Spread
    """p50 less the summed stages of the same round."""
    computed: Spread
    """Processor time an answer, of the service and its database: another's work doesn't change it much."""
    in_workers: Spread
    """The part of it that the threads have which compute the stages: 0..1; the rest is HTTP and the database's."""
    generator: float
    """The generator's part of the processor time that the machine has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A pipeline behind our HTTP."""

    name: str
    stages: Spread
    """The summed stages of an image, in one thread."""
    stages_computed: Spread
    """The same in processor time."""
    limit: Spread
    """Cores divided by `stages`: images a second."""
    levels: Sequence[Level]


@dataclass(frozen=True, slots=True)
class Http:
    """Recognition over HTTP; the servers take turns."""

    size: str
    """Of the photos."""
    photos: int
    enrolled: int
    cores: int
    servers: Sequence[Server]
    """Ours are the first, the default configuration before others; the last is the peer."""
    times_peer: Sequence[Mapping[str, Spread]]
    """Of each of ours, by clients: its throughput in the peer's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerService:
    """A service that recognises people, as its documentation starts it."""

    name: str
    recognised: int
    """People whose other photo was taken for theirs, before the load."""
    answered: int
    errors: int
    """Answers other than 200 and 404, and broken connections."""
    per_second: Spread
    times: Spread
    """Ours in its throughput."""
    p50: Spread
    p99: Spread
    computed: Spread
    """Processor time an answer, of all of its processes."""
    memory: float
    """Of all of its processes after the load, in 10^6 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Recognition over HTTP beside services that others have published; they take turns."""

    clients: int
    people: int
    """Enrolled by one photo each, and asked for by another."""
    cores: int
    services: Sequence[PeerService]
    """Ours is the first."""


@dataclass(frozen=True, slots=True)
class Held:
    """Memory at one moment, in 10^6 bytes: see tests/benchmarks/held.py."""

    answered: int
    service: float
    database: float

    @property
    def whole(self) -> float:
        """All of it."""
        return self.service + self.database


@dataclass(frozen=True, slots=True)
class Memory:
    """Whether memory grows with what was answered."""

    answered: int
    errors: int
    """Answers other than 200 and 404, and broken connections."""
    photos: int
    """The answered requests that had a photo; the others had an embedding."""
    base: Held
    """After the first thousands."""
    end: Held
    growth: float
    """From base to end: 0.05 is 5%."""
    samples: Sequence[Held]
    """The first after the first thousand."""


@dataclass(frozen=True, slots=True)
class Start:
    """From the command to the first answered recognition, in seconds, with an empty gallery."""

    name: str
    ready_s: Spread
    answered_s: Spread
    processor_s: Spread
    """What all processes of the service have computed until then: what another's work doesn't change."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """The same photos and pairs."""

    name: str
    photos: int
    undetected: int
    accuracy: float
    standard_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """When, how and where parts were measured."""

    made: str
    """The day, in UTC."""
    command: str
    machine: Machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was measured, in one run or in several."""

    runs: Mapping[str, Run]
    """By the name of each part that there is."""
    kernels: Sequence[Comparison] | None = None
    image: ImagePath | None = None
    http: Sequence[Http] | None = None
    """By the size of the photos."""
    peers: Peers | None = None
    search: Sequence[Growth] | None = None
    start: Sequence[Start] | None = None
    memory: Memory | None = None
    accuracy: Sequence[Accuracy] | None = None
