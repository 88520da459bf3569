"""What every anti-spoofing model does, in every form that its file comes in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, helper

from adapters.imaging.decoder import PillowDecoder
from adapters.onnx.anti_spoofing.ensemble import SpoofDetectorEnsemble
from adapters.onnx.anti_spoofing.minifasnet import MiniFasNet
from adapters.onnx.detectors.yunet.detector import YuNetDetector
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from adapters.onnx.families import SPOOF_DETECTORS
from adapters.onnx.graphs.preparation import FreeAxes
from application.ports.liveness import SpoofDetector
from domain.faces import Box, DetectedFace, Image
from tests.contract.model_files import ModelFolder
from tests.contract.remote_models import RemoteModels

FACE = Box(174, 62, 94, 116)
"""The astronaut's."""
FILES = {
    "minifasnet_v2": ("MiniFASNetV2.onnx", 0.4),
    "minifasnet_v1se": ("MiniFASNetV1SE.onnx", 0.4),
}
"""By family: the file in the assets, and the model's threshold."""


def as_it_is(model: ModelProto) -> None:
    """Logits, free batch."""


def published(model: ModelProto) -> None:
    """As torch.onnx.export writes it without dynamic axes: a batch of one, the output named `output`."""
    old = model.graph.output[0].name
    for node in model.graph.node:
        node.output[:] = ["output" if name == old else name for name in node.output]
    model.graph.output[0].name = "output"
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1


def with_softmax(model: ModelProto) -> None:
    """Probabilities instead of logits."""
    output = model.graph.output[0]
    model.graph.node.append(helper.make_node("Softmax", [output.name], ["probabilities"], axis=1))
    output.name = "probabilities"


FORMS: dict[str, Callable[[ModelProto], None]] = {
    "as it is": as_it_is,
    "published": published,
    "with softmax": with_softmax,
}

Load = Callable[[str, str], SpoofDetector]


@pytest.fixture(scope="module")
def load(assets: Path, model_files: ModelFolder) -> Load:
    """A spoof detector by family and form."""

    def load(family: str, form: str) -> SpoofDetector:
        file, threshold = FILES[family]
        model = ModelProto.FromString((assets / "models" / file).read_bytes())
        FORMS[form](model)
        session = model_files.session(model.SerializeToString(), FreeAxes.BATCH)
        return MiniFasNet(session, family, surroundings=SPOOF_DETECTORS[family], threshold=threshold)

    return load


ELSEWHERE = {"in a service": "served_by_one_engine", "bare": "bare"}
"""The fixtures of models that run elsewhere."""


@pytest.fixture(params=[(family, form) for family in FILES for form in (*FORMS, *ELSEWHERE)], ids=" ".join)
def detector(request: pytest.FixtureRequest, load: Load) -> SpoofDetector:
    """Each model in each form, as a model service runs it, and its network on another server."""
    family, form = request.param
    if form in ELSEWHERE:
        models: RemoteModels = request.getfixturevalue(ELSEWHERE[form])
        return models.spoof_detector(family)
    return load(family, form)


@pytest.fixture(scope="module")
def samples(assets: Path, yunet_network: YuNetNetwork) -> dict[str, tuple[Image, DetectedFace]]:
    """The sample photos of the project that published the models, and the face in each."""
    decoder, faces = PillowDecoder(1_000_000), YuNetDetector(yunet_network)
    images = {path.stem: decoder.decode(path.read_bytes()) for path in (assets / "faces" / "spoof").iterdir()}
    return {name: (image, faces.detect(image)[0]) for name, image in images.items()}


def test_a_living_face_is_told_from_attacks(
    detector: SpoofDetector, samples: dict[str, tuple[Image, DetectedFace]]
) -> None:
    scores = {name: detector.score(*sample) for name, sample in samples.items()}
    assert scores["real_1"] > 0.99
    assert max(scores["fake_1"], scores["fake_2"]) < detector.threshold


@pytest.mark.parametrize("family", FILES)
def test_every_form_says_the_same(
    load: Load, family: str, samples: dict[str, tuple[Image, DetectedFace]]
) -> None:
    for sample in samples.values():
        scores = [load(family, form).score(*sample) for form in FORMS]
        assert scores == pytest.approx([scores[0]] * len(FORMS), abs=1e-4)


def test_together_they_leave_a_margin_on_both_sides(
    load: Load, samples: dict[str, tuple[Image, DetectedFace]]
) -> None:
    both = SpoofDetectorEnsemble(tuple(load(family, "as it is") for family in FILES))
    scores = {name: both.score(*sample) for name, sample in samples.items()}
    assert scores["real_1"] > 0.999
    assert max(scores["fake_1"], scores["fake_2"]) < both.threshold / 2


@pytest.mark.parametrize(
    "box", [Box(-40, -40, 60, 60), Box(500, 500, 60, 60), Box(-9, -9, 600, 600), Box(9, 9, 0, 0)]
)
def test_any_box_has_a_score(detector: SpoofDetector, portrait: Image, box: Box) -> None:
    assert 0 < detector.score(portrait, DetectedFace(box, 1.0)) < 1


def test_the_image_is_left_alone_and_may_be_read_only(detector: SpoofDetector, portrait: Image) -> None:
    image = portrait.copy()
    image.flags.writeable = False
    detector.score(image, DetectedFace(FACE, 1.0))
    np.testing.assert_array_equal(image, portrait)


def test_threads_do_not_disturb_each_other(detector: SpoofDetector, portrait: Image) -> None:
    faces = [DetectedFace(Box(150 + 3 * step, 60, 90, 110), 1.0) for step in range(12)]
    alone = [detector.score(portrait, face) for face in faces]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda face: detector.score(portrait, face), faces))
    assert together == pytest.approx(alone, abs=1e-6)
