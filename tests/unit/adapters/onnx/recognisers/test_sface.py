"""SFaceEmbedder's input and output."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pytest

from adapters.onnx.graphs.exports import SCALES_ITS_INPUT
from adapters.onnx.recognisers.sface import SFaceEmbedder
from adapters.onnx.session import Shape, Tensor
from domain.errors import BrokenModel
from domain.faces import Crop


@dataclass
class FakeSession:
    """Answers with three means: of each channel."""

    input_shape: Shape = (None, 3, 112, 112)
    output_shapes: Mapping[str, Shape] = field(default_factory=lambda: {"fc1": (None, 3)})
    metadata: Mapping[str, str] = field(default_factory=lambda: {SCALES_ITS_INPUT: "yes"})

    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        assert batch.dtype == np.float32
        return {"fc1": batch.mean(axis=(2, 3))}


def test_the_network_gets_rgb_from_0_to_255_and_vectors_have_unit_norm() -> None:
    crop = np.full((112, 112, 3), (0, 60, 80), np.uint8)
    np.testing.assert_allclose(SFaceEmbedder(FakeSession()).embed([crop]), [[0.8, 0.6, 0]], atol=1e-6)


@dataclass
class LeftAndRight(FakeSession):
    """Answers with the means of the blue channel's left and right half, and of the red channel."""

    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        blue, middle = batch[:, 2], batch.shape[-1] // 2
        halves = [blue[..., :middle].mean(axis=(1, 2)), blue[..., middle:].mean(axis=(1, 2))]
        return {"fc1": np.stack([*halves, batch[:, 0].mean(axis=(1, 2))], axis=1)}


def one_sided(value: int) -> Crop:
    """Blue on its left side only."""
    crop = np.zeros((112, 112, 3), np.uint8)
    crop[:, :56, 0] = value
    crop[..., 2] = 40
    return crop


def test_a_vector_is_the_mean_of_those_of_the_crop_and_its_mirror_image() -> None:
    raw = SFaceEmbedder(LeftAndRight()).embed_raw([one_sided(200), one_sided(100)])
    np.testing.assert_allclose(raw, [[100, 100, 40], [50, 50, 40]])


def test_the_norm_is_that_of_the_mean() -> None:
    embedder = SFaceEmbedder(LeftAndRight())
    raw = embedder.embed_raw([one_sided(200)])
    (norm,) = embedder.relative_norms(raw)
    assert embedder.usual_norm is not None
    assert norm * embedder.usual_norm == pytest.approx(np.sqrt(100**2 + 100**2 + 40**2))
    np.testing.assert_allclose(embedder.directions(raw), raw / np.linalg.norm(raw))


def test_estimates_are_by_a_quicker_session_and_of_both_views_only_if_they_are_close() -> None:
    embedder = SFaceEmbedder(FakeSession())
    embedder.estimate_with(LeftAndRight)
    assert embedder.estimates
    raw, none = embedder.estimate([one_sided(200), one_sided(100)]), embedder.estimate([])
    assert raw is not None
    assert none is not None
    np.testing.assert_allclose(raw, [[200, 0, 40], [100, 0, 40]])
    assert none.shape == (0, 3)
    close = embedder.estimate([one_sided(200)], closely=True)
    assert close is not None
    np.testing.assert_allclose(close, [[100, 100, 40]])
    np.testing.assert_allclose(embedder.embed_raw([one_sided(200)]), [[40, 0, 100]])


def test_without_a_quicker_session_there_are_no_estimates() -> None:
    embedder = SFaceEmbedder(LeftAndRight())
    assert not embedder.estimates
    assert embedder.estimate([one_sided(200)]) is None


def test_dimensions_come_from_the_file() -> None:
    assert SFaceEmbedder(FakeSession()).dimensions == 3


@pytest.mark.parametrize(
    ("takes", "gives"),
    [
        ((None, 3, 112, 112), {"a": (None, 128), "b": (None, 128)}),
        ((None, 3, 112, 112), {"scores": (None, 100, 2)}),
        ((None, 3, 112, 112), {"fc1": (None, None)}),
        ((None, 3, None, None), {"fc1": (None, 128)}),
        ((None, 3, 80, 80), {"logits": (None, 3)}),
        ((None, 1, 112, 112), {"fc1": (None, 128)}),
    ],
)
def test_files_of_other_families_are_refused(takes: Shape, gives: Mapping[str, Shape]) -> None:
    with pytest.raises(BrokenModel):
        SFaceEmbedder(FakeSession(takes, gives))


def test_a_network_that_wants_its_input_scaled_is_refused() -> None:
    with pytest.raises(BrokenModel):
        SFaceEmbedder(FakeSession(metadata={}))


def test_a_crowd_is_embedded_in_batches_of_sixteen_images() -> None:
    class Counting(FakeSession):
        def run(self, batch: Tensor) -> Mapping[str, Tensor]:
            lengths.append(len(batch))
            return super().run(batch)

    lengths: list[int] = []
    crops = [np.full((112, 112, 3), (0, number, 255 - number), np.uint8) for number in range(40)]
    raw = SFaceEmbedder(Counting()).embed_raw(crops)
    assert lengths == [16] * 5
    np.testing.assert_allclose(raw[:, 1], range(40))
