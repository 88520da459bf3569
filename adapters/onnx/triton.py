"""Model repositories of NVIDIA's Triton Inference Server: prepared graphs, and what the server has to know of them.

https://github.com/triton-inference-server/server/blob/main/docs/user_guide/model_configuration.md
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from onnx import ModelProto, TensorProto, ValueInfoProto

from adapters.system.files import write_atomically
from domain.models import version_of

MAX_BATCH = 16
"""Inputs that the server may run together."""
QUEUE_DELAY_US = 1000
"""How long an input waits for others."""
_TYPES: Mapping[int, str] = {
    TensorProto.FLOAT: "TYPE_FP32",
    TensorProto.UINT8: "TYPE_UINT8",
    TensorProto.INT64: "TYPE_INT64",
}


def write_model(folder: Path, name: str, model: bytes, sha256: str) -> None:
    """Write a model into a repository, in place of one of the same name.

    Its version is that of its weights, and the only one that is served: every answer states it.

    Args:
        folder: the repository.
        name: the model's.
        model: a prepared graph.
        sha256: of the file that it was made from.

    Raises:
        OSError: it can't be written.
    """
    write_atomically(folder / name / version_of(sha256) / "model.onnx", model)
    config = configuration(name, ModelProto.FromString(model), sha256)
    write_atomically(folder / name / "config.pbtxt", config.encode())


def configuration(name: str, model: ModelProto, sha256: str) -> str:
    """The text of config.pbtxt."""
    constants = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in constants]
    outputs = list(model.graph.output)
    batched = all(_shape(value)[:1] == [-1] for value in (*inputs, *outputs))
    lines = [
        f'name: "{name}"',
        'platform: "onnxruntime_onnx"',
        f"max_batch_size: {MAX_BATCH if batched else 0}",
        f"version_policy {{ specific {{ versions: [{version_of(sha256)}] }} }}",
        *_tensors("input", inputs, batched=batched),
        *_tensors("output", outputs, batched=batched),
    ]
    if batched:
        lines.append(f"dynamic_batching {{ max_queue_delay_microseconds: {QUEUE_DELAY_US} }}")
    # The prepared file's own metadata has a checksum under the same key.
    metadata = {**{entry.key: entry.value for entry in model.metadata_props}, "sha256": sha256}
    lines += [
        f'parameters {{ key: "{key}" value: {{ string_value: "{_escaped(value)}" }} }}'
        for key, value in metadata.items()
    ]
    return "\n".join(lines) + "\n"


def _tensors(kind: str, values: Iterable[ValueInfoProto], *, batched: bool) -> list[str]:
    return [
        f'{kind} {{ name: "{value.name}" data_type: {_TYPES[value.type.tensor_type.elem_type]}'
        f" dims: {_shape(value)[batched:]} }}"
        for value in values
    ]


def _shape(value: ValueInfoProto) -> list[int]:
    """-1 is any length."""
    return [dim.dim_value if dim.HasField("dim_value") else -1 for dim in value.type.tensor_type.shape.dim]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
