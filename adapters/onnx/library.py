"""The models of this instance: catalogue, files and adapters put together."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec.structs import replace
from typing_extensions import override

from adapters.onnx.anti_spoofing.minifasnet import MiniFasNet
from adapters.onnx.catalogue.entries import Catalogue, ModelEntry, Task
from adapters.onnx.catalogue.files import ModelFiles
from adapters.onnx.detectors.landmarks import LandmarkedDetector
from adapters.onnx.detectors.yunet.landmarks import YuNetLandmarks
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from adapters.onnx.engines.engines import Engines
from adapters.onnx.engines.late import LateSession
from adapters.onnx.families import (
    DETECTORS,
    EMBEDDERS,
    FREE_AXES,
    LANDMARKS_FROM,
    SPOOF_DETECTORS,
    WITHOUT_LANDMARKS,
    Families,
)
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import FreeAxes
from adapters.onnx.lazy import LazyValues
from adapters.onnx.session import InferenceSession
from application.ports.analysis import FaceDetector, FaceEmbedder
from application.ports.liveness import ViewScorer
from application.ports.models import ModelLibrary
from domain.errors import BrokenModel
from domain.models import (
    Alignment,
    Execution,
    ModelChoice,
    ModelIdentity,
    ModelInfo,
    kind_of_embeddings,
)

T = TypeVar("T")


class OnnxModelLibrary(ModelLibrary):
    """Models whose files are in the ONNX format, run by the chosen engines."""

    def __init__(
        self,
        catalogue: Catalogue,
        files: ModelFiles,
        cache: Path,
        defaults: ModelChoice,
        aliases: Mapping[str, str],
        engines: Engines,
    ) -> None:
        self._catalogue = catalogue
        self._files = files
        self._prepared = PreparedModels(cache)
        self._defaults = defaults
        self._aliases = aliases
        self._engines = engines
        self._digests: dict[str, str] = {}
        self._detectors = LazyValues(self._load_detector)
        self._embedders = LazyValues(self._load_embedder)
        self._spoof_detectors: LazyValues[str, ViewScorer] = LazyValues(self._load_spoof_detector)
        networks = LazyValues(self._load_yunet)
        self.landmark_locator = YuNetLandmarks(lambda: networks.get(LANDMARKS_FROM))

    @override
    def choose(self, detection: str | None, recognition: str | None) -> ModelChoice:
        return ModelChoice(
            self.resolve_for("detection", detection or self._defaults.detection),
            self.resolve_for("recognition", recognition or self._defaults.recognition),
        )

    @override
    def list(self) -> list[ModelInfo]:
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
                execution=self.execution(name),
            )
            for name, entry in self._catalogue.entries.items()
        ]

    @override
    def detector(self, name: str) -> FaceDetector:
        return self._detectors.get(name)

    @override
    def embedder(self, name: str) -> FaceEmbedder:
        return self._embedders.get(name)

    def view_scorers(self, names: Sequence[str]) -> tuple[ViewScorer, ...]:
        """Those of the named anti-spoofing models that are installed.

        Raises:
            ModelNotInstalled: none of them is.
            UnknownModel: the catalogue doesn't have one of them.
            BrokenModel: a file is not what the catalogue says.
        """
        models = [self.resolve_for("anti_spoofing", name) for name in names]
        installed = [model for model in models if self._is_installed(model)]
        return tuple(map(self._spoof_detectors.get, installed or models[:1]))

    def view_scorer(self, name: str) -> ViewScorer:
        """One anti-spoofing model; raises as `load`."""
        return self._spoof_detectors.get(name)

    def detector_of(self, name: str, session: InferenceSession) -> FaceDetector:
        """A detector whose network is run by this session.

        Raises:
            BrokenModel: the network is not of the model's family.
        """
        family = self._catalogue.entries[name].family
        detector = DETECTORS[family][1](session, name)
        return self._with_landmarks(detector) if family in WITHOUT_LANDMARKS else detector

    def embedder_of(self, name: str, session: InferenceSession) -> FaceEmbedder:
        """A recogniser, likewise."""
        entry = self._catalogue.entries[name]
        embedder = EMBEDDERS[entry.family][1](session, name)
        _check(name, embedder, entry)
        return embedder

    def view_scorer_of(self, name: str, session: InferenceSession) -> ViewScorer:
        """An anti-spoofing model, likewise."""
        entry = self._catalogue.entries[name]
        size = SPOOF_DETECTORS[entry.family]
        return MiniFasNet(session, name, surroundings=size, threshold=entry.threshold)

    def prepared(self, name: str) -> bytes:
        """The graph of a model as ONNX Runtime runs it, of the first of its precisions; raises as `load`."""
        entry, source = self._read(name)
        free = FREE_AXES[entry.family]
        return self._prepared.prepared(source, free, precision=entry.precisions[0])

    def sha256(self, name: str) -> str:
        """Of the file that a loaded model was read from, in hexadecimal."""
        return self._digests[name]

    def identity(self, name: str) -> ModelIdentity:
        """What tells a model from others of its name."""
        entry = self._catalogue.entries[name]
        weights = frozenset({entry.sha256, *entry.also})
        return ModelIdentity(name, weights, entry.dimensions, kind_of_embeddings(name))

    @override
    def dimensions(self, recognition: str) -> int:
        return self._catalogue.entries[recognition].dimensions or 0

    @override
    def alignment(self, recognition: str) -> Alignment:
        return self._catalogue.entries[recognition].alignment

    @override
    def execution(self, name: str) -> Execution | None:
        entry = self._catalogue.entries[name]
        return self._engines.execution(FREE_AXES[entry.family], entry.precisions)

    @override
    def loaded(self) -> bool:
        defaults = self.choose(None, None)
        return self.has(defaults.detection) and self.has(defaults.recognition)

    def has(self, name: str) -> bool:
        """Whether a detector or recogniser is in memory."""
        return self._detectors.has(name) or self._embedders.has(name)

    def preload(self, task: Task, name: str) -> None:
        """Load a model, or a group's or an alias's, before it is needed.

        Raises:
            UnknownModel: the catalogue doesn't have it for this task.
            ModelNotInstalled: its file doesn't exist.
            BrokenModel: its file is not what the catalogue says.
        """
        self.load(self.resolve_for(task, name))

    def load(self, name: str) -> None:
        """Load exactly this entry of the catalogue.

        Raises:
            ModelNotInstalled: its file doesn't exist.
            BrokenModel: its file is not what the catalogue says.
        """
        load = {
            "detection": self.detector,
            "recognition": self.embedder,
            "anti_spoofing": self._spoof_detectors.get,
        }
        load[self._catalogue.entries[name].task](name)

    def resolve(self, name: str) -> str:
        """The entry of the catalogue for the name of a model, of a group, or an alias.

        Raises:
            UnknownModel: there is none.
        """
        return self.resolve_for(self.task(name), name)

    def task(self, name: str) -> Task:
        """The task of a model, a group or an alias.

        Raises:
            UnknownModel: the catalogue doesn't have it.
        """
        return self._catalogue.task(self._aliases.get(name, name))

    def describe(self, source: bytes, entry: ModelEntry) -> ModelEntry:
        """The entry of a new file, completed from the file.

        Raises:
            BrokenModel: the file is not of the entry's family.
        """
        match entry.task:
            case "detection":
                self._build(DETECTORS, "new", entry, source)
            case "anti_spoofing":
                self._build_spoof_detector("new", entry, source)
            case "recognition":
                return replace(entry, dimensions=self._build(EMBEDDERS, "new", entry, source).dimensions)
        return entry

    def resolve_for(self, task: Task, name: str) -> str:
        """The model of a name, an alias, or of a group the first that is installed.

        Raises:
            UnknownModel: there is none for this task.
        """
        models = self._catalogue.matching(task, self._aliases.get(name, name))
        return models[0] if len(models) == 1 else next(filter(self._is_installed, models), models[0])

    def _is_installed(self, name: str) -> bool:
        return self._files.installed(self._catalogue.entries[name])

    def _read(self, name: str) -> tuple[ModelEntry, bytes]:
        entry = self._catalogue.entries[name]
        source = self._files.read(name, entry)
        self._digests[name] = hashlib.sha256(source).hexdigest()
        return entry, source

    def _load_detector(self, name: str) -> FaceDetector:
        entry, source = self._read(name)
        detector = self._build(DETECTORS, name, entry, source)
        return self._with_landmarks(detector) if entry.family in WITHOUT_LANDMARKS else detector

    def _with_landmarks(self, detector: FaceDetector) -> FaceDetector:
        return LandmarkedDetector(detector, self.detector(LANDMARKS_FROM))

    def _load_yunet(self, name: str) -> YuNetNetwork:
        _, source = self._read(name)
        return YuNetNetwork(self._engines.load(self._prepared, source, FreeAxes.BATCH | FreeAxes.SIZE))

    def _load_embedder(self, name: str) -> FaceEmbedder:
        entry, source = self._read(name)
        embedder = self._build(EMBEDDERS, name, entry, source)
        _check(name, embedder, entry)
        embedder.estimate_with(LateSession(partial(self._load_quick, name)))
        return embedder

    def _load_quick(self, name: str) -> InferenceSession | None:
        entry, source = self._read(name)
        free, _ = EMBEDDERS[entry.family]
        return self._engines.load_quick(self._prepared, source, free, entry.precisions)

    def _load_spoof_detector(self, name: str) -> ViewScorer:
        return self._build_spoof_detector(name, *self._read(name))

    def _build_spoof_detector(self, name: str, entry: ModelEntry, source: bytes) -> ViewScorer:
        session = self._engines.load(self._prepared, source, FREE_AXES[entry.family])
        size = SPOOF_DETECTORS[entry.family]
        return MiniFasNet(session, name, surroundings=size, threshold=entry.threshold)

    def _build(self, families: Families[T], name: str, entry: ModelEntry, source: bytes) -> T:
        free, build = families[entry.family]
        return build(self._engines.load(self._prepared, source, free, entry.precisions), name)


def _check(name: str, embedder: FaceEmbedder, entry: ModelEntry) -> None:
    if embedder.dimensions != entry.dimensions:
        raise BrokenModel(f"Model {name} gives {embedder.dimensions} numbers, not {entry.dimensions}.")
