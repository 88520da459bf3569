"""Wiring of what turns a photo into embeddings: models, engines, image processing, workers."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, cast

from dependency_injector import providers

from adapters.files.liveness import FileLivenessCalibrations
from adapters.imaging.alignment import SimilarityAligner
from adapters.imaging.crops import PngCrops
from adapters.imaging.decoder import PillowDecoder
from adapters.imaging.opencv_threads import use_one_opencv_thread
from adapters.imaging.quality import LandmarkQualityAssessor
from adapters.imaging.refinement import RefiningAligner
from adapters.onnx.anti_spoofing.ensemble import SpoofDetectorEnsemble
from adapters.onnx.anti_spoofing.views import cut_view
from adapters.onnx.catalogue.entries import Catalogue
from adapters.onnx.catalogue.files import ModelFiles
from adapters.onnx.library import OnnxModelLibrary
from adapters.system.idle_cores import IdleCores
from adapters.threads.measured import MeasuredWorkerPool
from application.analysis.analyser import FaceAnalyser
from application.analysis.extraction import LocalExtractor
from application.liveness.gate import LivenessGate
from application.ports.extraction import FaceExtractor
from application.ports.health import ModelServices
from application.ports.liveness import SpoofDetector, ViewScorer
from domain.liveness.capture import MINIFASNET_LIMITS
from domain.models import Alignment, ModelIdentity
from entrypoints.bootstrap.certificates import renewed_client_context
from entrypoints.bootstrap.engines import engines_for
from entrypoints.bootstrap.gallery import GalleryContainer
from entrypoints.bootstrap.settings import PROJECT
from entrypoints.bootstrap.storage import StorageContainer

if TYPE_CHECKING:  # imported where there are model services
    from adapters.remote.client import ModelServiceClient
    from adapters.remote.library import RemoteModelLibrary

CATALOGUE = PROJECT / "static" / "models.toml"

_settings = StorageContainer.settings.provided

MOST_THREADS = 4
"""Maximum number of threads for one run of a network: each further one saves less."""


def spare_cores(cores: int, workers: MeasuredWorkerPool) -> IdleCores | None:
    """The cores that a run of a network may use while they are idle; None if there is only one."""
    return IdleCores(cores, min(cores, MOST_THREADS), lambda: workers.busy) if cores > 1 else None


def service_clients(
    services: Mapping[str, list[str]], key: str, timeout_s: float, tls: Callable[[], ssl.SSLContext] | None
) -> dict[str, "ModelServiceClient"]:
    """A client for each task that has model services."""
    if not services:
        return {}
    client = import_module("adapters.remote.client").ModelServiceClient
    return {task: client(task, urls, key, timeout_s, tls) for task, urls in services.items()}


def models_from(
    local: OnnxModelLibrary, clients: Mapping[str, "ModelServiceClient"]
) -> "OnnxModelLibrary | RemoteModelLibrary":
    """The models of services, and this process's own for the tasks that have none."""
    if not clients:
        return local
    library: RemoteModelLibrary = import_module("adapters.remote.library").RemoteModelLibrary(
        local, clients, cut_view
    )
    return library


def services_among(
    models: OnnxModelLibrary | ModelServices, clients: Mapping[str, "ModelServiceClient"]
) -> ModelServices | None:
    """The library as what watches over model services; None where there are none."""
    return cast("ModelServices", models) if clients else None


def spoof_detector(scorers: Callable[[], Sequence[ViewScorer]]) -> SpoofDetector:
    """The anti-spoofing models as one."""
    return SpoofDetectorEnsemble(tuple(scorers()))


def remote_extractor(
    clients: Mapping[str, "ModelServiceClient"],
    models: "OnnxModelLibrary | RemoteModelLibrary",
    identity: Callable[[str], ModelIdentity],
    here: FaceExtractor,
    scorers: Callable[[], Sequence[ViewScorer]],
) -> FaceExtractor | None:
    """What extracts faces from photos where there is a detection service; else None."""
    client = clients.get("detection")
    if client is None:
        return None
    takes_files = cast("RemoteModelLibrary", models).detects_in_files
    extractor: FaceExtractor = import_module("adapters.remote.extractor").RemoteExtractor(
        client, identity, takes_files, here, scorers, MINIFASNET_LIMITS
    )
    return extractor


class AnalysisContainer(GalleryContainer):
    """The adapters of the analysis ports."""

    workers = providers.ThreadSafeSingleton(
        MeasuredWorkerPool,
        _settings.worker_count,
        _settings.queue,
        prepare=providers.Object(use_one_opencv_thread),
        costly_s=_settings.costly_s,
    )
    catalogue = providers.ThreadSafeSingleton(Catalogue.load, CATALOGUE, _settings.own_catalogue)
    model_files = providers.ThreadSafeSingleton(ModelFiles, _settings.model_folder)
    spare = providers.ThreadSafeSingleton(spare_cores, _settings.cores, workers)
    prepared_models = providers.Callable(lambda settings: settings.cache_dir, StorageContainer.settings)
    engines = providers.ThreadSafeSingleton(
        engines_for, StorageContainer.settings, prepared_models, spare, catalogue, model_files
    )
    local_models = providers.ThreadSafeSingleton(
        OnnxModelLibrary,
        catalogue=catalogue,
        files=model_files,
        cache=prepared_models,
        defaults=_settings.default_models,
        aliases=_settings.model_aliases,
        engines=engines,
    )
    service_clients = providers.ThreadSafeSingleton(
        service_clients,
        _settings.services,
        _settings.service_key,
        _settings.service_timeout_s,
        providers.Callable(renewed_client_context, StorageContainer.settings),
    )
    models = providers.ThreadSafeSingleton(models_from, local_models, service_clients)
    model_services = providers.Callable(services_among, models, service_clients)
    view_scorers = providers.Factory(partial, models.provided.view_scorers, _settings.liveness_models)
    liveness_calibrations = providers.ThreadSafeSingleton(
        FileLivenessCalibrations, _settings.liveness_calibration
    )
    liveness_gate = providers.ThreadSafeSingleton(
        LivenessGate,
        _settings.liveness,
        providers.Factory(partial, spoof_detector, view_scorers),
        providers.Object(MINIFASNET_LIMITS),
        liveness_calibrations,
    )
    crop_codec = providers.Singleton(PngCrops)
    decoder = providers.Singleton(PillowDecoder, _settings.max_pixels, _settings.max_decode_s)
    aligners = providers.Dict(
        {
            Alignment.DETECTED: providers.Singleton(SimilarityAligner),
            Alignment.REFINED: providers.Singleton(RefiningAligner, local_models.provided.landmark_locator),
        }
    )
    assessor = providers.Singleton(LandmarkQualityAssessor)
    analyser = providers.ThreadSafeSingleton(
        FaceAnalyser,
        decoder=decoder,
        aligners=aligners,
        models=models,
        gate=liveness_gate,
        assessor=assessor,
        max_faces=_settings.max_faces,
        elsewhere=providers.Callable(
            remote_extractor,
            service_clients,
            models,
            local_models.provided.identity,
            providers.Factory(LocalExtractor, decoder, aligners, models, assessor, liveness_gate),
            view_scorers,
        ),
    )
