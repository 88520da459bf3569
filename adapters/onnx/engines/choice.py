"""The inference engine that the operator has chosen."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Literal

from adapters.onnx.engines.multi_thread import MultiThreadSession
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import Dialect, FreeAxes, Precision
from adapters.onnx.session import InferenceSession
from adapters.system.idle_cores import IdleCores
from application.errors import StartupError

EngineName = Literal["onnxruntime", "openvino"]


@dataclass(frozen=True, slots=True)
class Engine:
    """Makes sessions from models' files."""

    dialect: Dialect
    """What the models must be prepared for."""
    start: Callable[[bytes], InferenceSession]
    """A session of a prepared model; raises BrokenModel."""
    any_size: "Engine | None" = None
    """Another engine for networks whose input may have any size."""

    def load(
        self,
        models: PreparedModels,
        source: bytes,
        free: FreeAxes,
        precision: Precision = Precision.FLOAT,
    ) -> InferenceSession:
        """A session of a file, prepared for this engine.

        Raises:
            BrokenModel: the file can't be prepared or loaded.
        """
        if FreeAxes.SIZE in free and self.any_size is not None:
            return self.any_size.load(models, source, free, precision)
        return self.start(models.prepared(source, free, self.dialect, precision))


def choose_engine(name: EngineName, workers: int, idle_cores: IdleCores | None = None) -> Engine:
    """The engine of that name; it is imported only now.

    OpenVINO compiles a network anew for every input size, which takes as long as several runs and keeps memory:
    networks of any input size are left to ONNX Runtime.

    Args:
        name: as in FACE_INFERENCE.
        workers: threads that will run sessions.
        idle_cores: lets runs on ONNX Runtime use several threads while cores are idle; without it, always one.

    Raises:
        StartupError: it isn't installed.
    """
    session = import_module("adapters.onnx.engines.onnx_runtime").OnnxRuntimeSession

    def start(model: bytes) -> InferenceSession:
        start_session = partial(session, model)
        return start_session() if idle_cores is None else MultiThreadSession(start_session, idle_cores)

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
