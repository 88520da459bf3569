"""The models of this instance, some of which model services run."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Final, Literal, Protocol, TypeAlias, TypeVar

from typing_extensions import override

from adapters.remote.client import ModelServiceClient
from adapters.remote.graphs import BareGraph
from adapters.remote.models import RemoteDetector, RemoteEmbedder, RemoteSpoofDetector
from application.ports.analysis import FaceDetector, FaceEmbedder
from application.ports.health import ModelServices
from application.ports.liveness import View, ViewScorer
from application.ports.models import ModelLibrary
from domain.errors import ModelNotInstalled, ModelUnavailable
from domain.faces import Box, Image
from domain.models import Alignment, Execution, ModelChoice, ModelIdentity, ModelInfo

Task: TypeAlias = Literal["detection", "recognition", "anti_spoofing"]
DETECTION: Final = "detection"
RECOGNITION: Final = "recognition"
ANTI_SPOOFING: Final = "anti_spoofing"

OURS: Final = "face-api"
"""The platform that our model services state, which offer stages."""

T = TypeVar("T")


class LocalLibrary(ModelLibrary, Protocol):
    """The library of this process: the catalogue, and models whose files are here."""

    def identity(self, name: str) -> ModelIdentity:
        """Of a model of the catalogue."""

    def resolve_for(self, task: Task, name: str) -> str:
        """The model that a name means."""

    def task(self, name: str) -> Task:
        """The task of a model."""

    def has(self, name: str) -> bool:
        """Whether a detector or recogniser is in memory."""

    def view_scorers(self, names: Sequence[str]) -> Sequence[ViewScorer]:
        """The anti-spoofing models that are here."""

    def detector_of(self, name: str, session: BareGraph) -> FaceDetector:
        """A detector whose network runs elsewhere; raises BrokenModel where it isn't of the model's family."""

    def embedder_of(self, name: str, session: BareGraph) -> FaceEmbedder:
        """A recogniser, likewise."""

    def view_scorer_of(self, name: str, session: BareGraph) -> ViewScorer:
        """An anti-spoofing model, likewise."""


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
                there[task] = self._installed(task, client)
            except ModelUnavailable:
                there[task] = set()
        return [
            replace(model, installed=model.name in there[model.task], execution=None)
            if model.task in there
            else model
            for model in self._local.list()
        ]

    @override
    def detector(self, name: str) -> FaceDetector:
        client = self._services.get(DETECTION)
        if client is None:
            return self._local.detector(name)
        return self._made(client, name, RemoteDetector, self._local.detector_of)

    @override
    def embedder(self, name: str) -> FaceEmbedder:
        client = self._services.get(RECOGNITION)
        if client is None:
            return self._local.embedder(name)
        return self._made(client, name, RemoteEmbedder, self._local.embedder_of)

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
        known = self._remembered("installed " + ANTI_SPOOFING, lambda: self._installed(ANTI_SPOOFING, client))
        installed = [model for model in models if model in known]
        if not installed:
            raise ModelNotInstalled(models[0], published=False)
        stage = partial(RemoteSpoofDetector, cut=self._cut)
        return [self._made(client, name, stage, self._local.view_scorer_of) for name in installed]

    def detects_in_files(self, name: str) -> bool:
        """Whether the detection service takes a photo's file, and not the network's tensors alone.

        Raises:
            ModelUnavailable, BrokenModel: see ModelServiceClient.
        """
        return isinstance(self.detector(name), RemoteDetector)

    @override
    def dimensions(self, recognition: str) -> int:
        return self._local.dimensions(recognition)

    @override
    def alignment(self, recognition: str) -> Alignment:
        return self._local.alignment(recognition)

    @override
    def execution(self, name: str) -> Execution | None:
        return None if self._local.task(name) in self._services else self._local.execution(name)

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

    def _made(
        self,
        client: ModelServiceClient,
        name: str,
        stage: Callable[[ModelServiceClient, ModelIdentity], T],
        of_graph: Callable[[str, BareGraph], T],
    ) -> T:
        """A model as its service offers it: as a stage, or as the bare graph."""

        def make() -> T:
            identity, stated = self._local.identity(name), client.describe(name)
            if stated.platform == OURS:
                return stage(client, identity)
            return of_graph(name, BareGraph(client, identity, stated))

        return self._remembered(name, make)

    def _installed(self, task: str, client: ModelServiceClient) -> set[str]:
        models = [self._local.identity(model.name) for model in self._local.list() if model.task == task]
        return client.installed(models)

    def _remembered(self, name: str, make: Callable[[], T]) -> T:
        """What was made under this name; what can't be made now is tried again by the next call."""
        if name not in self._known:
            made = make()
            with self._lock:
                self._known.setdefault(name, made)
        found: T = self._known[name]  # type: ignore[assignment]
        return found
