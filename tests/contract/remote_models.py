"""The adapters of models that another process runs."""

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

REMOTE = "remote "
"""Before a name of the catalogue: that model, run by a model service."""
TASKS = ("detection", "recognition", "anti_spoofing")
FILES = (
    "arcface_mobilefacenet_128.onnx",
    "scrfd_500m_bnkps.onnx",
    "MiniFASNetV2.onnx",
    "MiniFASNetV1SE.onnx",
)


@dataclass(frozen=True)
class RemoteModels:
    """A model service, the adapters that use it, and the same models in this process."""

    service: ModelService
    container: AnalysisContainer
    here: AnalysisContainer

    @property
    def library(self) -> RemoteModelLibrary:
        library: RemoteModelLibrary = self.container.models()
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
    models = folder / "data" / "models"
    models.mkdir(parents=True)
    for file in FILES:
        shutil.copy(assets() / "models" / file, models)
    key = "a-key-between-services"
    environment = {"FACE_INFERENCE": engine, "FACE_SERVICE_KEY": key, "FACE_MAX_BODY_MB": "60"}
    with ModelService(folder, ",".join(TASKS), environment) as service:
        urls = [service.url]
        local = Settings(data_dir=folder / "data", inference=engine)  # type: ignore[arg-type]
        remote = Settings(
            data_dir=folder / "nothing",
            detection_url=urls,
            recognition_url=urls,
            anti_spoofing_url=urls,
            service_key=key,
            service_timeout_s=120,
        )
        found = RemoteModels(
            service,
            AnalysisContainer(settings=providers.Object(remote)),
            AnalysisContainer(settings=providers.Object(local)),
        )
        try:
            yield found
        finally:
            found.library.close()
