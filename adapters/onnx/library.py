"""The models of this instance: catalogue, files and adapters put together."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

from msgspec.structs import replace

from adapters.onnx.arcface import ArcFaceEmbedder
from adapters.onnx.cache import PreparedModels
from adapters.onnx.catalogue import Catalogue, ModelEntry, Task
from adapters.onnx.engines.choice import Engine
from adapters.onnx.ensemble import SpoofDetectorEnsemble
from adapters.onnx.files import ModelFiles
from adapters.onnx.landmarks import LandmarkedDetector
from adapters.onnx.minifasnet import MiniFasNet
from adapters.onnx.once import Once
from adapters.onnx.preparation import FreeAxes, Precision
from adapters.onnx.retinaface import retinaface_detector
from adapters.onnx.scrfd import scrfd_detector
from adapters.onnx.session import InferenceSession
from adapters.onnx.sface import SFaceEmbedder
from adapters.onnx.ultralight import ultralight_detector
from adapters.onnx.yunet import YuNetDetector
from adapters.onnx.yunet_landmarks import YuNetLandmarks
from adapters.onnx.yunet_network import YuNetNetwork
from application.ports.analysis import FaceDetector, FaceEmbedder
from application.ports.liveness import SpoofDetector
from domain.errors import BrokenModel
from domain.models import Alignment, ModelChoice, ModelInfo

T = TypeVar("T")
Families: TypeAlias = Mapping[str, tuple[FreeAxes, Callable[[InferenceSession, str], T]]]
"""By family: which axes of the graph are freed, and what makes the adapter from a session and a name."""

DETECTORS: Families[FaceDetector] = {
    "yunet": (
        FreeAxes.BATCH | FreeAxes.SIZE,
        lambda session, name: YuNetDetector(YuNetNetwork(session), name),
    ),
    "ultralight": (FreeAxes.NONE, ultralight_detector),
    "scrfd": (FreeAxes.NONE, scrfd_detector),
    "retinaface": (FreeAxes.NONE, retinaface_detector),
}

WITHOUT_LANDMARKS = frozenset({"ultralight"})
"""Families of detectors that find boxes only."""

LANDMARKS_FROM = "yunet"
"""The detector that finds landmarks for those, and refines all; it comes with the installation."""

EMBEDDERS: Families[FaceEmbedder] = {
    "sface": (FreeAxes.BATCH, SFaceEmbedder),
    "arcface": (FreeAxes.BATCH, ArcFaceEmbedder),
}

SPOOF_DETECTORS: Mapping[str, float] = {"minifasnet_v2": 2.7, "minifasnet_v1se": 4.0}
"""By family: the side of what the network sees, in sides of the face's box."""


class OnnxModelLibrary:
    """Implements ModelLibrary with files in the ONNX format, run by the engine of choice."""

    def __init__(
        self,
        catalogue: Catalogue,
        files: ModelFiles,
        cache: Path,
        defaults: ModelChoice,
        aliases: Mapping[str, str],
        engine: Engine,
    ) -> None:
        self._catalogue = catalogue
        self._files = files
        self._prepared = PreparedModels(cache)
        self._defaults = defaults
        self._aliases = aliases
        self._engine = engine
        self._detectors = Once(self._load_detector)
        self._embedders = Once(self._load_embedder)
        self._spoof_detectors = Once(self._load_spoof_detector)
        networks = Once(self._load_yunet)
        self.landmark_locator = YuNetLandmarks(lambda: networks.get(LANDMARKS_FROM))

    def choose(self, detection: str | None, recognition: str | None) -> ModelChoice:
        """See ModelLibrary.choose."""
        return ModelChoice(
            self._one("detection", detection or self._defaults.detection),
            self._one("recognition", recognition or self._defaults.recognition),
        )

    def list(self) -> list[ModelInfo]:
        """See ModelLibrary.list."""
        defaults = self.choose(None, None)
        return [
            ModelInfo(
                name=name,
                task=entry.task,
                installed=self._files.installed(entry),
                default=name in {defaults.detection, defaults.recognition},
                licence=entry.licence,
                commercial=entry.commercial,
                source=entry.source,
                dimensions=entry.dimensions,
            )
            for name, entry in self._catalogue.entries.items()
        ]

    def detector(self, name: str) -> FaceDetector:
        """See ModelLibrary.detector."""
        return self._detectors.get(name)

    def embedder(self, name: str) -> FaceEmbedder:
        """See ModelLibrary.embedder."""
        return self._embedders.get(name)

    def spoof_detector(self, names: Sequence[str]) -> SpoofDetector:
        """Those of the named anti-spoofing models that are installed, as one.

        Raises:
            ModelNotInstalled: none of them is.
            UnknownModel, BrokenModel: as `choose` and `detector`.
        """
        entries = self._catalogue.entries
        models = [self._one("anti_spoofing", name) for name in names]
        installed = [model for model in models if self._files.installed(entries[model])]
        return SpoofDetectorEnsemble(tuple(map(self._spoof_detectors.get, installed or models[:1])))

    def dimensions(self, recognition: str) -> int:
        """See ModelLibrary.dimensions."""
        return self._catalogue.entries[recognition].dimensions or 0

    def alignment(self, recognition: str) -> Alignment:
        """See ModelLibrary.alignment."""
        return self._catalogue.entries[recognition].alignment

    def loaded(self) -> bool:
        """See ModelLibrary.loaded."""
        defaults = self.choose(None, None)
        return self._detectors.has(defaults.detection) and self._embedders.has(defaults.recognition)

    def preload(self, task: Task, name: str) -> None:
        """Load a model before it is asked for; raises as `choose` and `detector` do."""
        self.load(self._one(task, name))

    def load(self, name: str) -> None:
        """Load exactly this entry of the catalogue; raises as `detector` does."""
        load = {
            "detection": self.detector,
            "recognition": self.embedder,
            "anti_spoofing": self._spoof_detectors.get,
        }
        load[self._catalogue.entries[name].task](name)

    def meant(self, name: str) -> str:
        """The entry of the catalogue that a name, a group's name or an alias stands for.

        Raises:
            UnknownModel: none.
        """
        return self._one(self.task(name), name)

    def task(self, name: str) -> Task:
        """What a model is for.

        Raises:
            UnknownModel: the catalogue doesn't have it.
        """
        return self._catalogue.task(self._aliases.get(name, name))

    def _one(self, task: Task, name: str) -> str:
        """The model that a name means: of a group, the first that is installed."""
        entries, meant = self._catalogue.entries, self._catalogue.named(task, self._aliases.get(name, name))
        return next((model for model in meant if self._files.installed(entries[model])), meant[0])

    def describe(self, source: bytes, entry: ModelEntry) -> ModelEntry:
        """The entry of a new file, completed with what the file says of itself.

        Raises:
            BrokenModel: the file is not of the entry's family.
        """
        if entry.task == "detection":
            self._build(DETECTORS, "new", entry, source)
            return entry
        if entry.task == "anti_spoofing":
            self._build_spoof_detector("new", entry, source)
            return entry
        return replace(entry, dimensions=self._build(EMBEDDERS, "new", entry, source).dimensions)

    def _load_detector(self, name: str) -> FaceDetector:
        entry = self._catalogue.entries[name]
        detector = self._build(DETECTORS, name, entry, self._files.read(name, entry))
        if entry.family in WITHOUT_LANDMARKS:
            return LandmarkedDetector(detector, self.detector(LANDMARKS_FROM))
        return detector

    def _load_yunet(self, name: str) -> YuNetNetwork:
        source = self._files.read(name, self._catalogue.entries[name])
        return YuNetNetwork(self._session(source, FreeAxes.BATCH | FreeAxes.SIZE))

    def _load_embedder(self, name: str) -> FaceEmbedder:
        entry = self._catalogue.entries[name]
        embedder = self._build(EMBEDDERS, name, entry, self._files.read(name, entry))
        if embedder.dimensions != entry.dimensions:
            raise BrokenModel(f"Model {name} gives {embedder.dimensions} numbers, not {entry.dimensions}.")
        return embedder

    def _load_spoof_detector(self, name: str) -> SpoofDetector:
        entry = self._catalogue.entries[name]
        return self._build_spoof_detector(name, entry, self._files.read(name, entry))

    def _build_spoof_detector(self, name: str, entry: ModelEntry, source: bytes) -> SpoofDetector:
        session = self._session(source, FreeAxes.BATCH)
        return MiniFasNet(
            session, name, surroundings=SPOOF_DETECTORS[entry.family], threshold=entry.threshold
        )

    def _build(self, families: Families[T], name: str, entry: ModelEntry, source: bytes) -> T:
        free, build = families[entry.family]
        return build(self._session(source, free, entry.precision), name)

    def _session(
        self, source: bytes, free: FreeAxes, precision: Precision = Precision.FLOAT
    ) -> InferenceSession:
        return self._engine.load(self._prepared, source, free, precision)
