"""The use cases of the bulk commands over in-memory storage and fake models."""

from dataclasses import dataclass, field
from pathlib import Path

from adapters.imaging.crops import PngCrops
from adapters.memory.cohorts import InMemoryCohorts
from adapters.memory.crops import InMemoryCrops
from adapters.memory.gallery import InMemoryGallery
from adapters.memory.people import InMemoryCollections, InMemoryProfiles
from adapters.memory.repository import InMemoryRepository
from adapters.memory.store import InMemoryStore
from application.analysis.sources import Source, SourceReader
from application.bulk.enrol import EnrolPhotos, PhotoOutcome
from application.bulk.identify import IdentifyPhotos, PhotoAnswer
from application.bulk.photos import PhotoReader
from application.bulk.reembed import Reembedded, ReembedFaces
from application.enrolment import EnrolFace, EnrolmentOptions, PendingEnrolment
from application.gallery_calibration import GalleryCalibration
from application.photo_folders import PhotoFile
from application.ports.crops import CropCodec
from application.recognition import Identify, RecognitionOptions
from domain.people import Face
from domain.quality import NO_BOUNDS
from tests.unit.fakes import ColourModels, InlineWorkers, analyser, photo, policy

Colour = tuple[int, int, int]


class Register(EnrolFace):
    """Remembers whose photos it has looked at."""

    looked: list[str]

    async def prepare(self, person: object, source: Source, options: EnrolmentOptions) -> PendingEnrolment:
        self.looked.append(str(person))
        return await super().prepare(str(person), source, options)


@dataclass
class BulkCommands:
    """The use cases over in-memory storage and fake models, and a folder for photos."""

    folder: Path
    crops: CropCodec | None = None
    store: InMemoryStore = field(default_factory=InMemoryStore)
    looked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.faces, gallery = InMemoryRepository(self.store), InMemoryGallery(self.store)
        reader, workers = SourceReader(analyser(), InlineWorkers()), InlineWorkers()
        profiles, self.collections = InMemoryProfiles(self.store), InMemoryCollections(self.store)
        calibration = GalleryCalibration(InMemoryCohorts(self.store))
        register = Register(
            reader, self.faces, profiles, gallery, policy(), calibration, NO_BOUNDS, self.crops
        )
        object.__setattr__(register, "looked", self.looked)
        files = PhotoReader(100_000)
        self.enrol_photos = EnrolPhotos(register, self.collections, workers, files, 4)
        identify = Identify(reader, gallery, policy(), calibration, "nearest", NO_BOUNDS)
        self.identify_photos = IdentifyPhotos(identify, self.collections, workers, files, 4)
        self.kept = InMemoryCrops(self.store)
        self.reembed = ReembedFaces(
            self.kept,
            PngCrops(),
            self.faces,
            self.collections,
            ColourModels(),
            workers,
            4,
        )

    def put(self, name: str, *colours: Colour, size: int = 60) -> Path:
        path = self.folder / name
        path.write_bytes(photo(*colours, sizes=(size,) * len(colours)).data)
        return path

    async def enrol(
        self, *photos: tuple[str, Path], how: EnrolmentOptions | None = None
    ) -> list[PhotoOutcome]:
        items = [PhotoFile(*each) for each in photos]
        return [outcome async for outcome in self.enrol_photos.execute(items, how or EnrolmentOptions())]

    async def identify(self, *paths: Path, query: RecognitionOptions | None = None) -> list[PhotoAnswer]:
        return [answer async for answer in self.identify_photos.execute(paths, query or RecognitionOptions())]

    async def kept_crops(self) -> list[tuple[Face, bytes]]:
        return [(each.face, each.image) for each in await self.kept.pending("default", "unused", 10)]

    async def under(self, model: str) -> list[Reembedded]:
        return [outcome async for outcome in self.reembed.execute("default", model)]
