"""Which engines and precisions are expected to be fast on which processors."""

from typing import Any

import pytest

from adapters.onnx.engines.variants import candidates
from adapters.system.processor import Processor
from domain.models import Precision

VNNI = Processor("new", "x86_64", frozenset({"avx2", "avx512f", "avx512_vnni"}))
AVX2 = Processor("usual", "x86_64", frozenset({"avx2"}))
OLD = Processor("old", "x86_64")
ARM = Processor("arm", "aarch64", frozenset({"asimd", "asimddp"}))


@pytest.mark.parametrize(
    ("processor", "first"),
    [
        (VNNI, "openvino int8"),
        (AVX2, "openvino int8"),
        (OLD, "onnxruntime float"),
        (ARM, "onnxruntime float"),
        (Processor("unknown", "riscv64"), "onnxruntime float"),
    ],
)
def test_what_is_expected_to_be_fastest(processor: Processor, first: str) -> None:
    assert str(candidates(processor, "auto", None)[0]) == first


@pytest.mark.parametrize("processor", [VNNI, AVX2, OLD, ARM])
def test_float_needs_no_comparison(processor: Processor) -> None:
    assert list(map(str, candidates(processor, "auto", Precision.FLOAT))) == ["onnxruntime float"]


@pytest.mark.parametrize("precision", [None, *Precision])
def test_openvino_is_not_loaded_where_an_instruction_may_be_missing(precision: Precision | None) -> None:
    found = candidates(OLD, "auto", precision)
    assert found
    assert {variant.engine for variant in found} == {"onnxruntime"}


@pytest.mark.parametrize("processor", [VNNI, AVX2, OLD, ARM])
@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
@pytest.mark.parametrize("precision", [*Precision])
def test_an_explicit_setting_always_wins(processor: Processor, engine: str, precision: Precision) -> None:
    name: Any = engine
    assert list(map(str, candidates(processor, name, precision))) == [f"{engine} {precision}"]
    assert {variant.engine for variant in candidates(processor, name, None)} == {engine}
    assert {variant.precision for variant in candidates(processor, "auto", precision)} == {precision}
