"""ONNX Runtime, on the processor or on a GPU. Nothing else in the product imports it."""

import os
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper
from typing_extensions import override

from adapters.onnx.engines.compiled import GRAPH, CompiledNetworks
from adapters.onnx.engines.devices import CPU, Device
from adapters.onnx.session import InferenceSession, Shape, Tensor
from adapters.system.processor import this_processor
from application.errors import StartupError
from application.ports.effort import checkpoint
from domain.errors import BrokenModel

# From 1.29 on it sends telemetry to its publisher, and writes a device id to the home directory, unless this is set
# before it is imported (microsoft/onnxruntime, pull request 27379).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # type: ignore[import-untyped]


class OnnxRuntimeSession(InferenceSession):
    """A session of ONNX Runtime.

    One thread per run by default: the worker pool runs images in parallel, and the runtime's own threads would only
    compete with its workers.
    """

    def __init__(
        self, model: bytes | Path, threads: int = 1, device: Device = CPU, cache: Path | None = None
    ) -> None:
        """Load a model.

        Args:
            model: a file's content, or the graph of an entry of CompiledNetworks.
            threads: of each run, the calling one included.
            device: what it runs on; operators that a GPU doesn't have run on the processor all the same.
            cache: the folder in which TensorRT keeps what it has compiled.

        Raises:
            BrokenModel: ONNX Runtime can't load it, or it hasn't exactly one input.
            StartupError: the device can't be used.
        """
        asked = providers(device, cache)
        options = _options()
        options.intra_op_num_threads = threads
        if isinstance(model, Path):
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=asked)
        except Exception as error:  # the runtime's exceptions have no common class of their own
            raise BrokenModel("The model's file can't be loaded.") from error
        # Without these two lines ONNX Runtime would go on with the processor, at the start and at a failure later.
        self._session.disable_fallback()
        self._session._model_bytes = None  # noqa: SLF001 - kept for that fallback only, and as large as the weights
        if (missing := asked[0][0]) not in self._session.get_providers():
            raise StartupError(
                _unusable(device, f"ONNX Runtime has not started its {missing}: no GPU, driver or library")
            )
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise BrokenModel(f"The model has {len(inputs)} inputs instead of one.")
        self._input: str = inputs[0].name
        self.input_shape = _shape(inputs[0].shape)
        self.output_shapes = {output.name: _shape(output.shape) for output in self._session.get_outputs()}
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    @override
    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        checkpoint()
        outputs: list[Tensor] = self._session.run(None, {self._input: batch})
        return dict(zip(self.output_shapes, outputs, strict=True))


def compile_into(model: bytes, folder: Path) -> None:
    """Write the graph that a session on the processor makes of a model, and its weights as the kernels read them.

    Sessions of the graph start in a fifth of the time, and give the same numbers; its weights are in a file, which
    all sessions and processes have in memory once.

    Raises:
        OSError: it can't be written, or the model can't be loaded: ONNX Runtime's exceptions don't say which.
    """
    options = _options()
    options.optimized_model_filepath = str(folder / GRAPH)
    for key, value in {
        "optimized_model_external_initializers_file_name": "weights.bin",
        "optimized_model_external_initializers_min_size_in_bytes": "1024",
        "save_external_prepacked_constant_initializers": "1",
    }.items():
        options.add_session_config_entry(f"session.{key}", value)
    try:
        onnxruntime.InferenceSession(model, options, providers=providers(CPU))
        OnnxRuntimeSession(folder / GRAPH)
    except Exception as error:  # the runtime's exceptions have no common class of their own
        raise OSError("ONNX Runtime has not written it") from error


def compiled_networks(folder: Path) -> CompiledNetworks | None:
    """Where compiled networks for this processor are; None where it wasn't tried whether they are right."""
    processor = this_processor()
    if not processor.x86:
        return None
    return CompiledNetworks(folder, f"{processor}; onnxruntime {onnxruntime.__version__}")


def _options() -> onnxruntime.SessionOptions:
    """What all sessions have in common."""
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.force_spinning_stop", "1")  # threads sleep between runs
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # An arena keeps what the largest runs took, and is no faster than malloc.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False  # patterns are remembered for every shape of input that comes by
    options.log_severity_level = 3  # errors; they are raised as well
    return options


def require_device(device: Device) -> None:
    """Check that a network can run on a device, by running one.

    Raises:
        StartupError: it can't.
    """
    (wanted, _), *_ = providers(device)
    available = onnxruntime.get_available_providers()
    if wanted not in available:
        raise StartupError(
            _unusable(device, f"the installed ONNX Runtime has no {wanted}, only {', '.join(available)}")
        )
    with redirect_stdout(None):  # it prints what it doesn't find
        onnxruntime.preload_dlls()  # CUDA and cuDNN, where they are Python packages
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "ab"]
    graph = helper.make_graph([helper.make_node("Relu", ["a"], ["b"])], "probe", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    try:
        OnnxRuntimeSession(model.SerializeToString(), device=device).run(np.zeros(1, np.float32))
    except StartupError:
        raise
    except Exception as error:  # the runtime's exceptions have no common class of their own
        raise StartupError(_unusable(device, "a network can't be run on it")) from error


def _unusable(device: Device, why: str) -> str:
    return f"FACE_DEVICE: {device} can't be used: {why} (docs/hardware.md)"


def providers(device: Device, cache: Path | None = None) -> list[tuple[str, dict[str, Any]]]:
    """ONNX Runtime's execution providers for a device and their options, the device's first."""
    processor: tuple[str, dict[str, Any]] = ("CPUExecutionProvider", {})
    if device.kind == "cpu":
        return [processor]
    cuda = (
        "CUDAExecutionProvider",
        {
            "device_id": device.number,
            "use_tf32": "0",  # sums of 10 bits would move embeddings
            "cudnn_conv_algo_search": "HEURISTIC",  # photos have many sizes, and a search for each takes seconds
            "arena_extend_strategy": "kSameAsRequested",
        },
    )
    if device.kind == "cuda":
        return [cuda, processor]
    kept = {"trt_engine_cache_enable": True, "trt_engine_cache_path": str(cache)} if cache else {}
    tensorrt = ("TensorrtExecutionProvider", {"device_id": device.number, "trt_fp16_enable": False, **kept})
    return [tensorrt, cuda, processor]


def _shape(axes: list[int | str | None]) -> Shape:
    return tuple(axis if isinstance(axis, int) else None for axis in axes)
