"""The published model files, changed no more than others need to run them."""

from pathlib import Path

import onnxruntime  # type: ignore[import-untyped]
from onnx import ModelProto

from adapters.onnx.graphs.preparation import drop_dead_inputs, fold_constants
from entrypoints.bootstrap.container import Container


def published(container: Container, name: str) -> Path:
    """A model's file as it came."""
    return container.model_files().path(container.catalogue().entries[name])


def runnable(path: Path) -> bytes:
    """Without the inputs that nothing reads, which every run would have to be given."""
    model = ModelProto.FromString(path.read_bytes())
    drop_dead_inputs(model.graph)
    return bytes(model.SerializeToString())


def unpacked(path: Path) -> bytes:
    """With float weights, besides: ONNX Runtime refuses YuNet's packed ones, OpenCV's recogniser SFace's."""
    model = ModelProto.FromString(path.read_bytes())
    fold_constants(model)
    drop_dead_inputs(model.graph)
    return bytes(model.SerializeToString())


def stock_session(model: bytes) -> onnxruntime.InferenceSession:
    """ONNX Runtime with its own options, but for one thread, as everything is measured."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3  # the published graphs make it warn by the hundred
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def for_opencv(container: Container, detection: str, recognition: str, folder: Path) -> tuple[Path, Path]:
    """Files of the default models that OpenCV reads; the recogniser's is written into the folder."""
    recogniser = folder / f"{recognition}.onnx"
    recogniser.write_bytes(unpacked(published(container, recognition)))
    return published(container, detection), recogniser
