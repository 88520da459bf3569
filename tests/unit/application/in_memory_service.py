"""The use cases on people, over storage in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

from adapters.memory.cohorts import InMemoryCohorts
from adapters.memory.gallery import InMemoryGallery
from adapters.memory.people import InMemoryCollections, InMemoryProfiles
from adapters.memory.repository import InMemoryRepository
from adapters.memory.store import InMemoryStore
from application.analysis.sources import Photo, SourceReader, Vector
from application.enrolment import EnrolFace, EnrolledFace, EnrolmentOptions
from application.erasure import ReceiptWriter
from application.gallery_calibration import GalleryCalibration
from application.people import ManageFaces
from application.recognition import Identify, RecognitionOptions, RecognizeFace
from application.verification import VerifyFace
from domain.people import ProfileId
from domain.quality import NO_BOUNDS
from tests.unit.fakes import InlineWorkers, analyser, policy


@dataclass
class InMemoryService:
    """The use cases on people, over storage in memory and models that see colours."""

    store: InMemoryStore = field(default_factory=InMemoryStore)
    margin: float = 0
    matched: Callable[[ProfileId], None] = lambda _: None

    def __post_init__(self) -> None:
        faces, gallery = InMemoryRepository(self.store), InMemoryGallery(self.store)
        profiles, collections = InMemoryProfiles(self.store), InMemoryCollections(self.store)
        self.reader = SourceReader(analyser(), InlineWorkers())
        self.faces = ManageFaces(faces, collections, self.reader.analyser.models, ReceiptWriter(()))
        decisions = policy(self.margin)
        calibration = GalleryCalibration(InMemoryCohorts(self.store))
        self.register = EnrolFace(self.reader, faces, profiles, gallery, decisions, calibration, NO_BOUNDS)
        self.identify = Identify(
            self.reader, gallery, decisions, calibration, "nearest", NO_BOUNDS, self.matched
        )
        self.recognize = RecognizeFace(self.identify)
        self.verify = VerifyFace(
            self.reader,
            gallery,
            profiles,
            collections,
            decisions,
            calibration,
            "nearest",
            NO_BOUNDS,
            self.matched,
        )

    async def enrol(
        self, name: str | ProfileId, source: Photo | Vector, how: EnrolmentOptions | None = None
    ) -> EnrolledFace:
        return await self.register.execute(name, source, how or EnrolmentOptions())

    async def who(self, source: Photo | Vector, query: RecognitionOptions | None = None) -> str:
        return (await self.recognize.execute(source, query or RecognitionOptions()))[1].people[0].name
