"""Living people pass. That attacks don't is in the contract suite, for the few that there are."""

from pathlib import Path

import pytest

from adapters.imaging.decoder import PillowDecoder
from adapters.onnx.catalogue import Catalogue
from adapters.onnx.engines.choice import choose_engine
from adapters.onnx.files import ModelFiles
from adapters.onnx.library import OnnxModelLibrary
from adapters.onnx.registry import known_as, put
from application.evaluation.photos import central
from domain.models import ModelChoice
from entrypoints.container import CATALOGUE


@pytest.fixture(scope="module")
def library(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> OnnxModelLibrary:
    """With the anti-spoofing models of the assets installed, as `face-api models add` does it."""
    folder = tmp_path_factory.mktemp("installed")
    catalogue, files = Catalogue.load(CATALOGUE), ModelFiles(folder)
    for path in sorted((assets / "models").glob("MiniFASNet*.onnx")):
        name = known_as(catalogue, path)
        assert name is not None
        put(files, catalogue.entries[name], path)
    return OnnxModelLibrary(
        catalogue,
        files,
        cache=folder / "prepared",
        defaults=ModelChoice("yunet", "sface"),
        aliases={},
        engine=choose_engine("onnxruntime", 1),
    )


def test_photos_of_living_people_are_judged_live(library: OnnxModelLibrary, lfw: Path) -> None:
    """Every eighth photo: 546 of them. At least 96% must pass; measured are 97%."""
    detector, decoder = library.detector("yunet"), PillowDecoder(1_000_000)
    spoof = library.spoof_detector(["minifasnet_v2", "minifasnet_v1se"])
    photos = sorted((lfw / "images").glob("*/*.jpg"))[::8]
    images = [decoder.decode(photo.read_bytes()) for photo in photos]
    scores = [spoof.score(image, central(detector.detect(image), image)) for image in images]
    live = sum(score >= spoof.threshold for score in scores) / len(scores)
    assert live >= 0.96


def test_one_model_alone_is_enough(library: OnnxModelLibrary) -> None:
    assert library.spoof_detector(["minifasnet_v2"]).name == "minifasnet_v2"
