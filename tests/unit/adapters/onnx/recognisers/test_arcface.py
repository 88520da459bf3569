"""ArcFace's input, as its origin has it: from PyTorch, or from MXNet with the scaling in the graph."""

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import NodeProto, helper

from adapters.onnx.graphs.exports import SCALES_ITS_INPUT
from adapters.onnx.graphs.preparation import FreeAxes
from adapters.onnx.recognisers.arcface import ArcFaceEmbedder
from adapters.onnx.recognisers.sface import SFaceEmbedder
from domain.errors import BrokenModel
from domain.faces import Crop
from tests.unit.networks import onnx_file, session

CHANNELS, DIMENSIONS = 4, 8


def network(*, scaled: bool, mxnet: bool = False, side: int = 112, unit: float = 127.5) -> bytes:
    """Batch normalisation, convolution, PReLU, a full layer, batch normalisation: an ArcFace head in small.

    `scaled` begins with (x - 127.5) / unit; `mxnet` writes batch normalisation as MXNet's exporter did.
    """
    rng = np.random.default_rng(0)
    pooled = ((side - 7) // 4 - 5) // 6 + 1
    constants: dict[str, NDArray[np.generic]] = {
        "middle": np.array([127.5], np.float32),
        "scale": np.array([1 / unit], np.float32),
        "weight": rng.normal(size=(CHANNELS, 3, 7, 7)).astype(np.float32),
        "slope": np.full((1, CHANNELS, 1, 1), 0.25, np.float32),
        "full": rng.normal(size=(DIMENSIONS, CHANNELS * pooled * pooled)).astype(np.float32),
    }
    for name, count in (("first", 3), ("last", DIMENSIONS)):
        for part in ("gain", "bias", "mean", "variance"):
            constants[f"{name}_{part}"] = rng.uniform(0.5, 1.5, count).astype(np.float32)
    start = "scaled" if scaled else "data"
    scaling = [
        helper.make_node("Sub", ["data", "middle"], ["centred"]),
        helper.make_node("Mul", ["centred", "scale"], ["scaled"]),
    ]
    nodes = [
        *(scaling if scaled else []),
        normalisation(start, "n", "first", mxnet=mxnet),
        helper.make_node("Conv", ["n", "weight"], ["c"], strides=[4, 4]),
        helper.make_node("PRelu", ["c", "slope"], ["p"]),
        helper.make_node("AveragePool", ["p"], ["a"], kernel_shape=[6, 6], strides=[6, 6]),
        helper.make_node("Flatten", ["a"], ["f"]),
        helper.make_node("Gemm", ["f", "full", "last_bias"], ["g"], transB=1),
        normalisation("g", "fc1", "last", mxnet=mxnet),
    ]
    return onnx_file(nodes, constants, (1, 3, side, side), {"fc1": (1, DIMENSIONS)}, 8 if mxnet else 17)


def normalisation(x: str, y: str, name: str, *, mxnet: bool) -> NodeProto:
    parameters = [f"{name}_{part}" for part in ("gain", "bias", "mean", "variance")]
    node = helper.make_node("BatchNormalization", [x, *parameters], [y])
    if mxnet:
        node.attribute.append(helper.make_attribute("spatial", 0))
    return node


def crops(count: int = 3) -> list[Crop]:
    return list(np.random.default_rng(1).integers(0, 256, (count, 112, 112, 3), np.uint8))


def embedder(file: bytes) -> ArcFaceEmbedder:
    return ArcFaceEmbedder(session(file, FreeAxes.BATCH), "arcface")


def test_the_network_gets_rgb_from_minus_one_to_one() -> None:
    plain = session(network(scaled=False), FreeAxes.BATCH)
    batch = (np.stack(crops())[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 127.5
    (expected,) = plain.run(batch).values()
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(ArcFaceEmbedder(plain, "arcface").embed(crops()), expected, atol=1e-5)


@pytest.mark.parametrize("mxnet", [False, True])
def test_a_graph_that_scales_gets_bytes(*, mxnet: bool) -> None:
    scaling = embedder(network(scaled=True, mxnet=mxnet)).embed(crops())
    np.testing.assert_allclose(scaling, embedder(network(scaled=False)).embed(crops()), atol=1e-4)


def test_vectors_are_unit_rows_of_the_files_dimension() -> None:
    arcface = embedder(network(scaled=False))
    vectors = arcface.embed(crops())
    assert arcface.dimensions == DIMENSIONS
    assert vectors.shape == (3, DIMENSIONS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_scaling_is_recorded_where_it_is() -> None:
    assert SCALES_ITS_INPUT in session(network(scaled=True)).metadata
    assert SCALES_ITS_INPUT not in session(network(scaled=False)).metadata


def test_sface_refuses_a_network_that_does_not_scale() -> None:
    with pytest.raises(BrokenModel):
        SFaceEmbedder(session(network(scaled=False), FreeAxes.BATCH))


def test_crops_of_another_size_are_another_family() -> None:
    with pytest.raises(BrokenModel):
        embedder(network(scaled=False, side=96))
