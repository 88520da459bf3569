"""What is said of who runs a model."""

from pathlib import Path

import pytest

from adapters.onnx.catalogue.entries import Catalogue
from adapters.onnx.catalogue.files import ModelFiles
from adapters.onnx.engines.choice import choose_engine
from adapters.onnx.engines.engines import Engines
from adapters.onnx.library import OnnxModelLibrary
from adapters.remote.client import ModelServiceClient
from adapters.remote.library import DETECTION, RECOGNITION, RemoteModelLibrary
from application.ports.liveness import View
from domain.faces import Box, Image
from domain.models import Execution, ModelChoice, Precision
from entrypoints.bootstrap.analysis import CATALOGUE

HERE = Execution("onnxruntime", Precision.FLOAT, "cpu")


def cut(image: Image, box: Box, view: View) -> Image:
    raise NotImplementedError


@pytest.fixture
def local(tmp_path: Path) -> OnnxModelLibrary:
    engines = Engines.only(choose_engine("onnxruntime", 1))
    names = ModelChoice("yunet", "sface")
    library = OnnxModelLibrary(Catalogue.load(CATALOGUE), ModelFiles(tmp_path), tmp_path, names, {}, engines)
    library.detector("yunet")
    return library


def test_models_of_this_process(local: OnnxModelLibrary) -> None:
    library = RemoteModelLibrary(local, {}, cut)
    assert library.execution("sface") == library.execution("yunet") == HERE
    assert {model.execution for model in library.list()} == {HERE}


def test_what_a_service_runs_is_not_known_here(local: OnnxModelLibrary) -> None:
    client = ModelServiceClient(RECOGNITION, ["http://127.0.0.1:9"], "", 1)
    library = RemoteModelLibrary(local, {RECOGNITION: client}, cut)
    assert (library.execution("sface"), library.execution("yunet")) == (None, HERE)
    said = {model.task: model.execution for model in library.list()}
    assert (said[RECOGNITION], said[DETECTION]) == (None, HERE)
