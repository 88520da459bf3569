from collections.abc import Mapping

import numpy as np
import pytest

from adapters.onnx.anti_spoofing.minifasnet import MiniFasNet
from adapters.onnx.graphs.exports import GIVES_PROBABILITIES
from adapters.onnx.session import Shape, Tensor
from domain.errors import BrokenModel
from domain.faces import Box, DetectedFace

FACE = DetectedFace(Box(100, 80, 40, 60), 1.0)
PROBABILITIES = np.array([0.1, 0.7, 0.2], np.float32)


class Network:
    """A session that gives every picture the same score and records its input."""

    def __init__(
        self, output: Tensor, metadata: Mapping[str, str] | None = None, shape: Shape = (None, 3, 80, 80)
    ) -> None:
        self.output = output
        self.metadata = metadata or {}
        self.input_shape = shape
        self.output_shapes: Mapping[str, Shape] = {"any name": (None, len(output))}
        self.seen: list[Tensor] = []

    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        self.seen.append(batch)
        return {"any name": np.stack([self.output] * len(batch))}


def test_logits_become_the_probability_of_the_middle_class() -> None:
    network = MiniFasNet(Network(np.log(PROBABILITIES) + 3), "any", surroundings=2.7)
    assert network.score(np.zeros((300, 300, 3), np.uint8), FACE) == pytest.approx(0.7, abs=1e-6)


def test_probabilities_stay_what_they_are() -> None:
    network = MiniFasNet(Network(PROBABILITIES, {GIVES_PROBABILITIES: "yes"}), "any", surroundings=2.7)
    assert network.score(np.zeros((300, 300, 3), np.uint8), FACE) == pytest.approx(0.7, abs=1e-6)


def test_the_network_gets_the_face_and_its_mirror_image_in_bgr() -> None:
    session = Network(PROBABILITIES)
    image = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    MiniFasNet(session, "any", surroundings=1).score(image, DetectedFace(Box(50, 60, 80, 80), 1.0))
    (batch,) = session.seen
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch[0], image[60:140, 50:130].transpose(2, 0, 1))
    np.testing.assert_array_equal(batch[1], batch[0][..., ::-1])


@pytest.mark.parametrize(
    "session",
    [Network(np.zeros(2, np.float32)), Network(PROBABILITIES, shape=(None, 3, None, None))],
)
def test_other_networks_are_refused(session: Network) -> None:
    with pytest.raises(BrokenModel, match="MiniFASNet"):
        MiniFasNet(session, "any", surroundings=2.7)
