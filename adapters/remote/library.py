"""The models of this instance, some of which model services run."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Final, Literal, Protocol, TypeAlias, TypeVar

from typing_extensions import override

from adapters.remote.client import ModelServiceClient
from adapters.remote.models import RemoteDetector, RemoteEmbedder, RemoteSpoofDetector
from application.ports.analysis import FaceDetector, FaceEmbedder
from application.ports.health import ModelServices
from application.ports.liveness import View, ViewScorer
from application.ports.models import ModelLibrary
from domain.errors import ModelNotInstalled, ModelUnavailable
from domain.faces import Box, Image
from domain.models import Alignment, ModelChoice, ModelIdentity, ModelInfo

Task: TypeAlias = Literal["detection", "recognition", "anti_spoofing"]
DETECTION: Final = "detection"
RECOGNITION: Final = "recognition"
ANTI_SPOOFING: Final = "anti_spoofing"

T = TypeVar("T")


class LocalLibrary(ModelLibrary, Protocol):
    """The library of this process: the catalogue, and models whose files are here."""

    def identity(self, name: str) -> ModelIdentity:
        """Of a model of the catalogue."""
        ...

    def resolve_for(self, task: Task, name: str) -> str:
        """The model that a name means."""
        ...

    def has(self, name: str) -> bool:
        """Whether a detector or recogniser is in memory."""
        ...

    def view_scorers(self, names: Sequence[str]) -> Sequence[ViewScorer]:
        """The anti-spoofing models that are here."""
        ...


class RemoteModelLibrary(ModelLibrary, ModelServices):
    """The catalogue is this process's; tasks that have a service are done there, and need no file here."""

    def __init__(
        self,
        local: LocalLibrary,
        services: Mapping[str, ModelServiceClient],
        cut: Callable[[Image, Box, View], Image],
    ) -> None:
        """Connect to nothing yet.

        Args:
            local: for all other tasks.
            services: by task.
            cut: cuts a view out of a photo.
        """
        self._local = local
        self._services = services
        self._cut = cut
        self._lock = Lock()
        self._known: dict[str, object] = {}

    @override
    def choose(self, detection: str | None, recognition: str | None) -> ModelChoice:
        return self._local.choose(detection, recognition)

    @override
    def list(self) -> list[ModelInfo]:
        there: dict[str, set[str]] = {}
        for task, client in self._services.items():
            try:
                there[task] = client.installed()
            except ModelUnavailable:
                there[task] = set()
        return [
            replace(model, installed=model.name in there[model.task]) if model.task in there else model
            for model in self._local.list()
        ]

    @override
    def detector(self, name: str) -> FaceDetector:
        client = self._services.get(DETECTION)
        return RemoteDetector(client, self._local.identity(name)) if client else self._local.detector(name)

    @override
    def embedder(self, name: str) -> FaceEmbedder:
        client = self._services.get(RECOGNITION)
        if client is None:
            return self._local.embedder(name)
        return self._once(name, lambda: RemoteEmbedder(client, self._local.identity(name)))

    def view_scorers(self, names: Sequence[str]) -> Sequence[ViewScorer]:
        """Those of the named anti-spoofing models that are installed, here or at their service.

        Raises:
            ModelNotInstalled: none of them is.
            UnknownModel: the catalogue doesn't have one of them.
            ModelUnavailable, BrokenModel: see ModelServiceClient.
        """
        client = self._services.get(ANTI_SPOOFING)
        if client is None:
            return self._local.view_scorers(names)
        models = [self._local.resolve_for(ANTI_SPOOFING, name) for name in names]
        known = self._once("installed " + ANTI_SPOOFING, client.installed)
        installed = [model for model in models if model in known]
        if not installed:
            raise ModelNotInstalled(models[0], published=False)
        return [self._once(name, partial(self._spoof_detector, client, name)) for name in installed]

    def _spoof_detector(self, client: ModelServiceClient, name: str) -> RemoteSpoofDetector:
        return RemoteSpoofDetector(client, self._local.identity(name), self._cut)

    @override
    def dimensions(self, recognition: str) -> int:
        return self._local.dimensions(recognition)

    @override
    def alignment(self, recognition: str) -> Alignment:
        return self._local.alignment(recognition)

    @override
    def loaded(self) -> bool:
        defaults = self.choose(None, None)
        detects = DETECTION in self._services or self._local.has(defaults.detection)
        return detects and (RECOGNITION in self._services or self._local.has(defaults.recognition))

    @override
    def missing(self) -> Sequence[str]:
        if not self._services:
            return []
        with ThreadPoolExecutor(len(self._services), "face-probe") as threads:
            ready = list(threads.map(ModelServiceClient.ready, self._services.values()))
        return [task for task, there in zip(self._services, ready, strict=True) if not there]

    def close(self) -> None:
        """Close connections to services."""
        for client in self._services.values():
            client.close()

    def _once(self, name: str, make: Callable[[], T]) -> T:
        """What was made under this name; what can't be made now is tried again by the next call."""
        if name not in self._known:
            made = make()
            with self._lock:
                self._known.setdefault(name, made)
        found: T = self._known[name]  # type: ignore[assignment]
        return found
