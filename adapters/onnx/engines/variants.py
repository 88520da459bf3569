"""Ways to run a network, and which are fast on which processors."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from adapters.system.processor import Processor
from domain.models import Precision

EngineName = Literal["onnxruntime", "openvino"]


class Variant(NamedTuple):
    """An engine, and the precision in which it runs a network."""

    engine: EngineName
    precision: Precision

    def __str__(self) -> str:
        return f"{self.engine} {self.precision}"


_ORT_FLOAT = Variant("onnxruntime", Precision.FLOAT)
_ORT_INT8 = Variant("onnxruntime", Precision.INT8)
_OV_FLOAT = Variant("openvino", Precision.FLOAT)
_OV_INT8 = Variant("openvino", Precision.INT8)
_ALL = (_ORT_FLOAT, _OV_FLOAT, _OV_INT8, _ORT_INT8)


def expected(processor: Processor) -> tuple[Variant, ...]:
    """The variants for a processor, the fastest first: docs/hardware.md has what was measured.

    OpenVINO is left out where it might not run: its kernels need AVX2, and an instruction that is not there ends
    the process.
    """
    if not processor.x86:
        return _ALL  # measured on no ARM processor: ONNX Runtime's float is what runs everywhere
    if "avx2" not in processor.features:
        return (_ORT_FLOAT, _ORT_INT8)
    return (_OV_INT8, _ORT_FLOAT, _OV_FLOAT, _ORT_INT8)


def candidates(
    processor: Processor,
    engine: EngineName | Literal["auto"],
    precision: Precision | None,
) -> Sequence[Variant]:
    """The variants that the settings allow, the one first that is expected to be the fastest; never none.

    In float both engines take about the same time: the one that is always installed is taken.
    """
    if engine == "auto" and precision is Precision.FLOAT:
        return [_ORT_FLOAT]
    order = expected(processor)
    if engine != "auto":
        order = (*order, *(variant for variant in _ALL if variant not in order))
    return [
        variant
        for variant in order
        if engine in {"auto", variant.engine} and precision in {None, variant.precision}
    ]
