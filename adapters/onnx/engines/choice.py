"""The inference engine that the operator has chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Literal

from adapters.onnx.preparation import Dialect
from adapters.onnx.session import InferenceSession
from application.errors import StartupError

EngineName = Literal["onnxruntime", "openvino"]


@dataclass(frozen=True, slots=True)
class Engine:
    """Makes sessions of prepared models."""

    dialect: Dialect
    """What the models must be prepared for."""
    load: Callable[[bytes], InferenceSession]
    """A session of a serialised model; raises BrokenModel."""


def choose_engine(name: EngineName, workers: int) -> Engine:
    """The engine of that name; it is imported only now.

    Args:
        name: as in FACE_INFERENCE.
        workers: threads that will run sessions.

    Raises:
        StartupError: it isn't installed.
    """
    try:
        if name == "openvino":
            module = import_module("adapters.onnx.engines.open_vino")
            return Engine(Dialect.OPENVINO, partial(module.OpenVinoSession, streams=workers))
        module = import_module("adapters.onnx.engines.onnx_runtime")
        return Engine(Dialect.ONNXRUNTIME, module.OnnxRuntimeSession)
    except ModuleNotFoundError as error:
        raise StartupError(
            f'FACE_INFERENCE: {name} is not installed: pip install "face-api[{name}]"'
        ) from error
