"""An inference engine, and how it is put together."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType

from adapters.onnx.engines.compiled import CompiledNetworks
from adapters.onnx.engines.devices import CPU, Device
from adapters.onnx.engines.multi_thread import MultiThreadSession
from adapters.onnx.engines.variants import EngineName
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import Dialect, FreeAxes
from adapters.onnx.session import InferenceSession
from adapters.system.idle_cores import IdleCores
from application.errors import StartupError
from domain.models import Precision


@dataclass(frozen=True, slots=True)
class Engine:
    """Makes sessions from models' files."""

    name: EngineName
    dialect: Dialect
    """What the models must be prepared for."""
    start: Callable[[bytes], InferenceSession]
    """A session of a prepared model; raises BrokenModel."""
    device: Device = CPU
    any_size: "Engine | None" = None
    """Another engine for networks whose input may have any size."""
    start_estimating: Callable[[bytes], InferenceSession] | None = None
    """As `start`, where estimates may be computed in fewer bits."""

    def for_network(self, free: FreeAxes) -> "Engine":
        """The engine that runs networks with these free axes: this one, or another."""
        return self.any_size if FreeAxes.SIZE in free and self.any_size is not None else self

    def load(
        self,
        models: PreparedModels,
        source: bytes,
        free: FreeAxes,
        precision: Precision = Precision.FLOAT,
        *,
        estimating: bool = False,
    ) -> InferenceSession:
        """A session of a file, prepared for this engine; with `estimating` for estimates alone.

        Raises:
            BrokenModel: the file can't be prepared or loaded.
        """
        engine = self.for_network(free)
        start = (engine.start_estimating if estimating else None) or engine.start
        return start(models.prepared(source, free, engine.dialect, precision))


def choose_engine(
    name: EngineName,
    workers: int,
    idle_cores: IdleCores | None = None,
    device: Device = CPU,
    cache: Path | None = None,
) -> Engine:
    """The engine of that name; it is imported only now.

    OpenVINO and TensorRT compile a network anew for every input size, which takes as long as several runs, or
    minutes, and keeps memory: networks of any input size are left to ONNX Runtime, on the processor or in CUDA.

    Args:
        name: as in FACE_INFERENCE.
        workers: threads that will run sessions.
        idle_cores: lets runs on the processor in ONNX Runtime use several threads while cores are idle; without it,
            always one.
        device: what it is to run on.
        cache: the folder for what ONNX Runtime and TensorRT have compiled; without it, each session of ONNX Runtime
            has weights of its own.

    Raises:
        StartupError: it isn't installed, or has no such device; the message names the setting.
    """
    if name == "openvino":
        open_vino = _imported("open_vino", name)
        open_vino.require_device(device)
        start = partial(open_vino.OpenVinoSession, streams=workers, device=device)
        return Engine(
            name,
            Dialect.OPENVINO,
            start,
            device,
            choose_engine("onnxruntime", workers, idle_cores, cache=cache),
            partial(start, estimating=True),
        )
    onnx_runtime = _imported("onnx_runtime", name)
    if device == CPU:
        return Engine(name, Dialect.ONNXRUNTIME, partial(_on_processor, onnx_runtime, idle_cores, cache))
    onnx_runtime.require_device(device)
    start = partial(onnx_runtime.OnnxRuntimeSession, device=device, cache=cache)
    any_size = None
    if device.kind == "tensorrt":
        any_size = choose_engine(name, workers, device=Device("cuda", device.number))
    return Engine(name, Dialect.ONNXRUNTIME, start, device, any_size)


def _on_processor(
    onnx_runtime: ModuleType, idle_cores: IdleCores | None, cache: Path | None, model: bytes
) -> InferenceSession:
    compiled: CompiledNetworks | None = onnx_runtime.compiled_networks(cache) if cache else None
    graph = compiled.graph(model, onnx_runtime.compile_into) if compiled else None
    start: Callable[..., InferenceSession] = partial(onnx_runtime.OnnxRuntimeSession, graph or model)
    return start() if idle_cores is None else MultiThreadSession(start, idle_cores)


def _imported(module: str, name: EngineName) -> ModuleType:
    try:
        return import_module(f"adapters.onnx.engines.{module}")
    except ModuleNotFoundError as error:
        raise StartupError(
            f'FACE_INFERENCE: {name} is not installed: pip install "face-api[{name}]"'
        ) from error
    except (ImportError, OSError) as error:  # a library of another processor, or one that it needs is missing
        raise StartupError(f"FACE_INFERENCE: {name} is installed, and can't be loaded: {error}") from error
