"""Which engine runs which network."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from adapters.onnx.engines.choice import Engine
from adapters.onnx.engines.engines import Engines
from adapters.onnx.engines.variants import EngineName, Variant
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import Dialect, FreeAxes
from adapters.onnx.session import InferenceSession
from domain.models import Execution, Precision

OV_INT8 = Variant("openvino", Precision.INT8)
ORT_FLOAT = Variant("onnxruntime", Precision.FLOAT)
BOTH = (Precision.FLOAT, Precision.INT8)


class Preparing(PreparedModels):
    """Says what it is asked to prepare."""

    def __init__(self) -> None:
        super().__init__(Path("/dev/null"))

    def prepared(
        self,
        source: bytes,
        free: FreeAxes,
        dialect: Dialect = Dialect.ONNXRUNTIME,
        precision: Precision = Precision.FLOAT,
    ) -> bytes:
        return f"{dialect.value} {precision}".encode()


def started(name: EngineName, model: bytes) -> InferenceSession:
    return cast("InferenceSession", f"{model.decode()} in {name}")


def start(name: EngineName) -> Engine:
    runtime = Engine("onnxruntime", Dialect.ONNXRUNTIME, partial(started, "onnxruntime"))
    if name == "onnxruntime":
        return runtime
    return Engine("openvino", Dialect.OPENVINO, partial(started, "openvino"), any_size=runtime)


def loaded(
    ranking: Sequence[Variant], free: FreeAxes, precisions: Sequence[Precision]
) -> tuple[str, Execution | None]:
    engines = Engines(lambda: ranking, start)
    assert engines.execution(free, precisions) is None
    session = engines.load(Preparing(), b"", free, precisions)
    return str(session), engines.execution(free, precisions)


def test_float_is_taken_where_it_may_and_estimates_come_from_the_best() -> None:
    ranking = [OV_INT8, ORT_FLOAT]
    assert loaded(ranking, FreeAxes.BATCH, BOTH) == (
        "onnxruntime float in onnxruntime",
        Execution("onnxruntime", Precision.FLOAT, "cpu"),
    )
    quick = Engines(lambda: ranking, start).load_quick(Preparing(), b"", FreeAxes.BATCH, BOTH)
    assert str(quick) == "openvino int8 in openvino"


def test_an_engine_may_start_another_session_for_estimates() -> None:
    def with_fewer_bits(name: EngineName) -> Engine:
        return replace(start(name), start_estimating=partial(started, "onnxruntime"))

    engines = Engines(lambda: [OV_INT8, ORT_FLOAT], with_fewer_bits)
    quick = engines.load_quick(Preparing(), b"", FreeAxes.BATCH, BOTH)
    assert str(quick) == "openvino int8 in onnxruntime"
    engines = Engines(lambda: [OV_INT8], with_fewer_bits)
    assert str(engines.load(Preparing(), b"", FreeAxes.BATCH, BOTH)) == "openvino int8 in openvino"


@pytest.mark.parametrize(
    ("ranking", "precisions"),
    [
        ([ORT_FLOAT], BOTH),
        ([ORT_FLOAT, OV_INT8], BOTH),
        ([OV_INT8], BOTH),
        ([OV_INT8, ORT_FLOAT], [Precision.FLOAT]),
        ([OV_INT8, ORT_FLOAT], [Precision.INT8]),
    ],
)
def test_nothing_is_faster_than_what_is_taken(
    ranking: Sequence[Variant], precisions: Sequence[Precision]
) -> None:
    engines = Engines(lambda: ranking, start)
    assert engines.load_quick(Preparing(), b"", FreeAxes.BATCH, precisions) is None


def test_each_model_is_run_by_the_best_of_its_precisions() -> None:
    ranking = [OV_INT8, ORT_FLOAT]
    assert loaded(ranking, FreeAxes.BATCH, [Precision.INT8]) == (
        "openvino int8 in openvino",
        Execution("openvino", Precision.INT8, "cpu"),
    )
    assert loaded(ranking, FreeAxes.BATCH, [Precision.FLOAT]) == (
        "onnxruntime float in onnxruntime",
        Execution("onnxruntime", Precision.FLOAT, "cpu"),
    )


def test_networks_of_any_size_stay_on_onnx_runtime_and_it_is_said() -> None:
    assert loaded(
        [Variant("openvino", Precision.FLOAT)], FreeAxes.BATCH | FreeAxes.SIZE, [Precision.FLOAT]
    ) == (
        "onnxruntime float in onnxruntime",
        Execution("onnxruntime", Precision.FLOAT, "cpu"),
    )


def test_a_model_without_the_precision_that_was_asked_for_is_run_in_its_own() -> None:
    assert loaded([OV_INT8], FreeAxes.BATCH, [Precision.FLOAT])[0] == "openvino float in openvino"
    assert loaded([ORT_FLOAT], FreeAxes.BATCH, [Precision.INT8])[0] == "onnxruntime int8 in onnxruntime"


def test_threads_choose_once() -> None:
    chosen: list[int] = []

    def rank() -> Sequence[Variant]:
        chosen.append(1)
        return [ORT_FLOAT]

    engines = Engines(rank, start)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: engines.load(Preparing(), b"", FreeAxes.BATCH), range(12)))
    assert chosen == [1]
