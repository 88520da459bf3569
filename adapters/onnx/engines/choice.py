"""The inference engine that the operator has chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Literal

from adapters.onnx.engines.multi_thread import ElasticSession, Spare
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import Dialect, FreeAxes, Precision
from adapters.onnx.session import InferenceSession
from application.errors import StartupError

EngineName = Literal["onnxruntime", "openvino"]


@dataclass(frozen=True, slots=True)
class Engine:
    """Makes sessions of models' files."""

    dialect: Dialect
    """What the models must be prepared for."""
    start: Callable[[bytes], InferenceSession]
    """A session of a prepared model; raises BrokenModel."""
    any_size: "Engine | None" = None
    """Another engine for networks whose pictures may have any size."""

    def load(
        self,
        models: PreparedModels,
        source: bytes,
        free: FreeAxes,
        precision: Precision = Precision.FLOAT,
    ) -> InferenceSession:
        """A session of a file, prepared as this engine wants it.

        Raises:
            BrokenModel: the file can't be prepared or loaded.
        """
        if FreeAxes.SIZE in free and self.any_size is not None:
            return self.any_size.load(models, source, free, precision)
        return self.start(models.prepared(source, free, self.dialect, precision))


def choose_engine(name: EngineName, workers: int, spare: Spare | None = None) -> Engine:
    """The engine of that name; it is imported only now.

    OpenVINO compiles a network anew for every size of its pictures, which takes as long as several runs and
    keeps memory: networks that see any size are left to ONNX Runtime.

    Args:
        name: as in FACE_INFERENCE.
        workers: threads that will run sessions.
        spare: cores that runs on ONNX Runtime may spread over while they are idle; without it each keeps to its
            thread.

    Raises:
        StartupError: it isn't installed.
    """
    runtime = import_module("adapters.onnx.engines.onnx_runtime").OnnxRuntimeSession

    def start(model: bytes) -> InferenceSession:
        return runtime(model) if spare is None else ElasticSession(partial(runtime, model), spare)

    engine = Engine(Dialect.ONNXRUNTIME, start)
    if name == "onnxruntime":
        return engine
    try:
        open_vino = import_module("adapters.onnx.engines.open_vino")
    except ModuleNotFoundError as error:
        raise StartupError(
            f'FACE_INFERENCE: {name} is not installed: pip install "face-api[{name}]"'
        ) from error
    return Engine(Dialect.OPENVINO, partial(open_vino.OpenVinoSession, streams=workers), any_size=engine)
