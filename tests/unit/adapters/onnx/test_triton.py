"""Model repositories for Triton: the configuration says what the graph has."""

import re
from pathlib import Path

import numpy as np
import pytest

from adapters.onnx.engines.onnx_runtime import OnnxRuntimeSession
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import FreeAxes
from adapters.onnx.triton import MAX_BATCH, write_model
from tests.conftest import SFACE_FILE, YUNET_FILE, packaged

FILES = {"sface": (SFACE_FILE, FreeAxes.BATCH), "yunet": (YUNET_FILE, FreeAxes.BATCH | FreeAxes.SIZE)}


def tensors(config: str, kind: str) -> dict[str, list[int]]:
    found = re.findall(
        rf'^{kind} {{ name: "([^"]+)" data_type: TYPE_FP32 dims: \[([^\]]*)\] }}$', config, re.MULTILINE
    )
    return {name: [int(length) for length in dims.split(",")] for name, dims in found}


@pytest.mark.parametrize("name", FILES)
def test_the_graph_runs_with_what_the_configuration_says(
    tmp_path: Path, prepared_models: PreparedModels, name: str
) -> None:
    file, free = FILES[name]
    write_model(tmp_path, name, prepared_models.prepared(packaged(file), free), "a" * 64)
    config = (tmp_path / name / "config.pbtxt").read_text()
    assert f'name: "{name}"' in config
    assert f'key: "sha256" value: {{ string_value: "{"a" * 64}" }}' in config
    assert f"max_batch_size: {MAX_BATCH}\n" in config
    assert "dynamic_batching" in config
    version = str(int("a" * 15, 16))
    assert f"version_policy {{ specific {{ versions: [{version}] }} }}\n" in config
    session = OnnxRuntimeSession((tmp_path / name / version / "model.onnx").read_bytes())
    (dims,) = tensors(config, "input").values()
    batch = np.zeros((2, *(128 if length == -1 else length for length in dims)), np.float32)
    outputs = session.run(batch)
    told = tensors(config, "output")
    assert list(told) == list(outputs)
    for output, lengths in told.items():
        shape = outputs[output].shape
        assert shape[0] == 2
        assert all(length in {-1, real} for length, real in zip(lengths, shape[1:], strict=True))
