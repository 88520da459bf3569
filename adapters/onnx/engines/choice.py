"""The inference engine that the operator has chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

from adapters.onnx.cache import PreparedModels
from adapters.onnx.engines.elastic import ElasticSession, Spare
from adapters.onnx.preparation import Dialect, FreeAxes, Precision
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
        spare: cores that runs may spread over while they are idle; without it each keeps to its thread.

    Raises:
        StartupError: it isn't installed.
    """
    onnx_runtime = import_module("adapters.onnx.engines.onnx_runtime").OnnxRuntimeSession

    def start_onnx_runtime(model: bytes) -> InferenceSession:
        return _started(lambda threads: onnx_runtime(model, threads), spare)

    engine = Engine(Dialect.ONNXRUNTIME, start_onnx_runtime)
    if name == "onnxruntime":
        return engine
    try:
        open_vino = import_module("adapters.onnx.engines.open_vino").OpenVinoSession
    except ModuleNotFoundError as error:
        raise StartupError(
            f'FACE_INFERENCE: {name} is not installed: pip install "face-api[{name}]"'
        ) from error

    def start_open_vino(model: bytes) -> InferenceSession:
        return _started(lambda threads: open_vino(model, workers if threads == 1 else 1, threads), spare)

    return Engine(Dialect.OPENVINO, start_open_vino, any_size=engine)


def _started(start: Callable[[int], InferenceSession], spare: Spare | None) -> InferenceSession:
    return start(1) if spare is None else ElasticSession(start, spare)
