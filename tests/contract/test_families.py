"""Each family takes its own files and refuses all others, and preparation changes no answer."""

from pathlib import Path

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest

from adapters.onnx.catalogue.entries import Catalogue
from adapters.onnx.catalogue.files import ModelFiles
from adapters.onnx.engines.choice import Engine
from adapters.onnx.engines.engines import Engines
from adapters.onnx.families import DETECTORS, EMBEDDERS
from adapters.onnx.graphs.preparation import FreeAxes
from adapters.onnx.library import OnnxModelLibrary
from domain.errors import BrokenModel
from domain.faces import Image
from domain.models import ModelChoice
from tests.conftest import REPOSITORY
from tests.contract.model_files import AMONG_ASSETS, PACKAGED, ModelFolder

FILES = [*PACKAGED, *AMONG_ASSETS]
REFUSED = r"not of the|can't be"
TRAINED_ON_BYTES = {("arcface", "sface")}
"""SFace's file takes the same crop and says that it scales itself, which is all that ArcFace's family asks for."""


@pytest.mark.parametrize("other", FILES)
@pytest.mark.parametrize("family", DETECTORS)
def test_detectors_refuse_files_of_other_families(model_files: ModelFolder, family: str, other: str) -> None:
    if family == other:
        model_files.detector(family)
        return
    with pytest.raises(BrokenModel, match=REFUSED):
        model_files.detector(family, model_files.read(other))


@pytest.mark.parametrize("other", FILES)
@pytest.mark.parametrize("family", EMBEDDERS)
def test_recognisers_refuse_files_of_other_families(
    model_files: ModelFolder, family: str, other: str
) -> None:
    if family == other or (family, other) in TRAINED_ON_BYTES:
        model_files.embedder(family, model_files.read(other))
        return
    with pytest.raises(BrokenModel, match=REFUSED):
        model_files.embedder(family, model_files.read(other))


def test_arcface_gives_sfaces_file_the_bytes_that_it_wants(model_files: ModelFolder) -> None:
    crops = list(np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), np.uint8))
    bytes_of_rgb = np.stack(crops)[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32)
    session = model_files.session(model_files.read("sface"), FreeAxes.BATCH)
    (expected,) = session.run(bytes_of_rgb).values()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = model_files.embedder("arcface", model_files.read("sface")).embed(crops)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("file", ["MiniFASNetV2.onnx", "MiniFASNetV1SE.onnx"])
@pytest.mark.parametrize("family", [*DETECTORS, *EMBEDDERS])
def test_anti_spoofing_files_are_refused(
    model_files: ModelFolder, assets: Path, family: str, file: str
) -> None:
    load = model_files.detector if family in DETECTORS else model_files.embedder
    with pytest.raises(BrokenModel, match=REFUSED):
        load(family, (assets / "models" / file).read_bytes())


@pytest.mark.parametrize("family", AMONG_ASSETS)
def test_prepared_files_answer_as_the_published_ones(model_files: ModelFolder, family: str) -> None:
    source = model_files.read(family)
    free, _ = {**DETECTORS, **EMBEDDERS}[family]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    published = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    takes = published.get_inputs()[0]
    picture = np.random.default_rng(0).normal(size=takes.shape).astype(np.float32)
    expected = published.run(None, {takes.name: picture})
    found = model_files.session(source, free).run(picture)
    for one, other in zip(expected, found.values(), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-4)


@pytest.fixture
def library(assets: Path, tmp_path: Path, inference: Engine) -> OnnxModelLibrary:
    """That of an instance whose FACE_MODELS_DIR is the assets' folder."""
    catalogue = Catalogue.load(REPOSITORY / "static" / "models.toml")
    files = ModelFiles(assets / "models")
    return OnnxModelLibrary(
        catalogue, files, tmp_path, ModelChoice("yunet", "sface"), {}, Engines.only(inference)
    )


def test_a_group_is_its_first_member_that_is_installed(library: OnnxModelLibrary) -> None:
    choice = library.choose("scrfd", "arcface")
    assert choice == ModelChoice("scrfd_500m_bnkps", "arcface_mobilefacenet_128")


@pytest.mark.parametrize(("name", "family"), [("scrfd", "scrfd"), ("faceonnx", "ultralight")])
def test_the_library_loads_detectors(
    library: OnnxModelLibrary, model_files: ModelFolder, portrait: Image, name: str, family: str
) -> None:
    name = library.choose(name, None).detection
    (face,) = library.detector(name).detect(portrait)
    (expected,) = model_files.detector(family).detect(portrait)
    assert face.box == expected.box
    assert face.landmarks is not None
    assert expected.landmarks is not None
    np.testing.assert_array_equal(face.landmarks, expected.landmarks)


def test_the_library_loads_recognisers(library: OnnxModelLibrary) -> None:
    assert library.embedder(library.choose(None, "arcface").recognition).dimensions == 128
