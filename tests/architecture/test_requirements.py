"""The locked requirements for NVIDIA's GPUs fit the others, which they are installed over."""

import re
from pathlib import Path

REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def pins(name: str) -> set[tuple[str, str]]:
    """Names and versions; a name may have several versions, for versions of Python."""
    return set(re.findall(r"^([\w.-]+)==([\w.]+)", (REQUIREMENTS / name).read_text(), re.MULTILINE))


def test_what_both_have_has_one_version() -> None:
    usual, cuda = pins("runtime.txt"), pins("cuda.txt")
    shared = {name for name, _ in usual} & {name for name, _ in cuda}
    assert shared >= {"numpy", "protobuf"}
    assert {pin for pin in cuda if pin[0] in shared} <= usual


def test_one_onnx_runtime_takes_the_place_of_the_other() -> None:
    usual, cuda = ({name for name, _ in pins(file)} for file in ("runtime.txt", "cuda.txt"))
    assert "onnxruntime" in usual
    assert "onnxruntime" not in cuda
    assert "onnxruntime-gpu" in cuda
