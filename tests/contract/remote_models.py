"""The adapters of models that another process runs, and of networks on a server that isn't ours."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dependency_injector import providers

from adapters.remote.library import RemoteModelLibrary
from application.ports.analysis import FaceDetector, FaceEmbedder
from application.ports.extraction import FaceExtractor
from application.ports.liveness import ViewScorer
from entrypoints.bootstrap.analysis import AnalysisContainer
from entrypoints.bootstrap.settings import Settings
from tests.e2e.model_service import ModelService
from tests.shared_folder import prepared_folder
from tests.unit.adapters.remote.graph_server import GraphServer, graph_of
from tests.unit.adapters.remote.servers import serving

REMOTE = "remote "
"""Before a name of the catalogue: that model, run by a model service."""
BARE = "bare "
"""Its network alone, run by a server that isn't ours."""
TASKS = ("detection", "recognition", "anti_spoofing")
KEY = "a-key-between-services"
FILES = (
    "arcface_mobilefacenet_128.onnx",
    "scrfd_500m_bnkps.onnx",
    "MiniFASNetV2.onnx",
    "MiniFASNetV1SE.onnx",
)


@dataclass(frozen=True)
class RemoteModels:
    """The adapters that use a server, and the same models in this process."""

    container: AnalysisContainer
    here: AnalysisContainer

    @property
    def library(self) -> RemoteModelLibrary:
        library = self.container.models()
        assert isinstance(library, RemoteModelLibrary)
        return library

    def detector(self, name: str) -> FaceDetector:
        return self.library.detector(name)

    def embedder(self, name: str) -> FaceEmbedder:
        return self.library.embedder(name)

    def spoof_detector(self, name: str) -> ViewScorer:
        (scorer,) = self.library.view_scorers([name])
        return scorer

    @property
    def extractors(self) -> tuple[FaceExtractor, FaceExtractor]:
        """Of this process, and of the service."""
        return self.here.analyser().extractor, self.container.analyser().extractor


@contextmanager
def remote_models(folder: Path, assets: Callable[[], Path], engine: str) -> Iterator[RemoteModels]:
    """A service with all models of which there is a file."""
    data = _data(folder, assets)
    environment = {"FACE_INFERENCE": engine, "FACE_SERVICE_KEY": KEY, "FACE_MAX_BODY_MB": "60"}
    local = Settings(data_dir=data, inference=engine)  # type: ignore[arg-type]
    with (
        ModelService(folder, ",".join(TASKS), environment) as service,
        _used(folder, [service.url], local) as models,
    ):
        yield models


@contextmanager
def bare_models(folder: Path, assets: Callable[[], Path]) -> Iterator[RemoteModels]:
    """A server with the networks of all models of which there is a file."""
    local = Settings(data_dir=_data(folder, assets), inference="onnxruntime")
    library = AnalysisContainer(settings=providers.Object(local)).local_models()
    graphs = {
        info.name: graph_of(library.prepared(info.name), library.sha256(info.name))
        for info in library.list()
        if info.installed
    }
    with serving(GraphServer(graphs)) as server, _used(folder, [server.url], local) as models:
        yield models


def _data(folder: Path, assets: Callable[[], Path]) -> Path:
    models = folder / "data" / "models"
    models.mkdir(parents=True)
    (folder / "data" / "prepared").symlink_to(prepared_folder())
    for file in FILES:
        shutil.copy(assets() / "models" / file, models)
    return folder / "data"


@contextmanager
def _used(folder: Path, urls: list[str], local: Settings) -> Iterator[RemoteModels]:
    remote = Settings(
        data_dir=folder / "nothing",
        detection_url=urls,
        recognition_url=urls,
        anti_spoofing_url=urls,
        service_key=KEY,
        service_timeout_s=120,
    )
    found = RemoteModels(
        AnalysisContainer(settings=providers.Object(remote)),
        AnalysisContainer(settings=providers.Object(local)),
    )
    try:
        yield found
    finally:
        for client in found.container.service_clients().values():
            client.close()
