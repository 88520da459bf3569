"""What every part of the benchmark works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from application.analysis.analyser import FaceAnalyser
from domain.errors import FaceServiceError
from domain.models import ModelChoice
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from tests.benchmarks.photos import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much is measured."""

    people: int
    rounds: int
    """How often everything that is compared takes its turn."""
    clients: Sequence[int]
    seconds: float
    """Of load, for each number of clients in each round."""
    recognitions: int
    """That memory is watched for."""
    settled: int
    """Those after which it mustn't grow any more."""
    starts: int
    galleries: Sequence[tuple[int, int]]
    """Faces, and numbers in the embedding of one."""
    graph: bool = False
    """Whether pgvector's graph is made, too."""


THOROUGH = Effort(
    people=100,
    rounds=5,
    clients=(1, 4, 16, 64),
    seconds=5,
    recognitions=20_000,
    settled=5_000,
    starts=5,
    galleries=((10_000, 128), (100_000, 128), (1_000_000, 128), (1_000_000, 512)),
)
BRIEF = Effort(
    people=30,
    rounds=5,
    clients=(1, 4, 16, 64),
    seconds=3,
    recognitions=10_000,
    settled=1_000,
    starts=3,
    galleries=((10_000, 128), (100_000, 128)),
)
QUICK = Effort(
    people=10,
    rounds=2,
    clients=(1, 16),
    seconds=1,
    recognitions=200,
    settled=100,
    starts=1,
    galleries=((2_000, 128),),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rig:
    """The service's own pipeline, people to try it on, and somebody who wants to know how it goes."""

    settings: Settings
    container: Container
    people: Sequence[Person]
    pairs: Path | None
    images: Path | None
    environments: Path
    """Of the peers."""
    effort: Effort
    tell: Callable[[str], None]

    @property
    def analyser(self) -> FaceAnalyser:
        """As the service has it."""
        analyser: FaceAnalyser = self.container.analyser()
        return analyser

    @property
    def choice(self) -> ModelChoice:
        """The default models."""
        return self.analyser.models.choose(None, None)

    def sees(self, person: Person) -> bool:
        """Whether both photos show a face: the others would measure how photos are refused."""
        detector = self.analyser.models.detector(self.choice.detection)
        try:
            return all(
                detector.detect(self.analyser.decoder.decode(photo))
                for photo in (person.enrolled, person.probe)
            )
        except FaceServiceError:
            return False
