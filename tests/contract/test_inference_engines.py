"""What every inference engine does: the sessions that adapters see are alike."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from adapters.onnx.engines.choice import Engine, choose_engine
from adapters.onnx.engines.variants import EngineName
from adapters.onnx.families import DETECTORS, EMBEDDERS
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import Dialect, FreeAxes, prepare
from adapters.onnx.session import Tensor
from adapters.system.idle_cores import IdleCores
from application.errors import StartupError
from domain.errors import BrokenModel
from tests.conftest import SFACE_FILE, packaged
from tests.contract.model_files import AMONG_ASSETS, PACKAGED, ModelFolder
from tests.waiting import PATIENCE_S

TOLERANCE = 1e-4
"""Between engines, of outputs that lie within about 10."""
SEAL = "sha256"
"""Of the cache's files."""


def pictures(shape: tuple[int | None, ...], side: int = 192) -> Tensor:
    whole = [2 if axis is None and place == 0 else axis or side for place, axis in enumerate(shape)]
    picture: Tensor = 255 * np.random.default_rng(0).random(whole, dtype=np.float32)
    return picture


@pytest.mark.parametrize("family", [*PACKAGED, *AMONG_ASSETS])
def test_all_engines_give_the_same_numbers(model_files: ModelFolder, family: str) -> None:
    source, (free, _) = model_files.read(family), {**DETECTORS, **EMBEDDERS}[family]
    reference = choose_engine("onnxruntime", 1)
    one = reference.load(model_files.prepared, source, free)
    other = model_files.session(source, free)
    assert other.input_shape == one.input_shape
    assert list(other.output_shapes) == list(one.output_shapes)
    assert {**other.metadata, SEAL: ""} == {**one.metadata, SEAL: ""}
    batch = pictures(one.input_shape)
    expected = one.run(batch)
    for name, found in other.run(batch).items():
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[name], atol=TOLERANCE, rtol=TOLERANCE, err_msg=name)


def test_outputs_are_the_callers_to_keep(model_files: ModelFolder) -> None:
    session = model_files.session(packaged(SFACE_FILE), FreeAxes.BATCH)
    batch = pictures(session.input_shape)
    first = session.run(batch)
    copies = {name: output.copy() for name, output in first.items()}
    session.run(np.ascontiguousarray(batch[::-1]))
    for name, output in first.items():
        np.testing.assert_array_equal(output, copies[name])


def test_views_and_read_only_batches(model_files: ModelFolder) -> None:
    session = model_files.session(packaged(SFACE_FILE), FreeAxes.BATCH)
    batch = pictures(session.input_shape)
    view = np.ascontiguousarray(batch.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    view.flags.writeable = False
    expected = session.run(batch)
    for name, found in session.run(view).items():
        np.testing.assert_array_equal(found, expected[name])


def test_many_threads_and_lengths_of_batches_at_once(model_files: ModelFolder) -> None:
    session = model_files.session(packaged(SFACE_FILE), FreeAxes.BATCH)
    whole = pictures((5, *session.input_shape[1:]))
    batches = [whole[number % 4 : number % 5 + 1] for number in range(24) if number % 4 <= number % 5]
    alone = [session.run(batch)["fc1"] for batch in batches]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda batch: session.run(batch)["fc1"], batches))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_the_first_runs_of_a_process_may_be_at_once(tmp_path: Path, engine: EngineName) -> None:
    dialect = {"onnxruntime": Dialect.ONNXRUNTIME, "openvino": Dialect.OPENVINO}[engine]
    (tmp_path / "sface.onnx").write_bytes(prepare(packaged(SFACE_FILE), FreeAxes.BATCH, dialect))
    script = f"""
import pathlib, sys, threading, numpy
from adapters.onnx.engines.choice import choose_engine
sys.setswitchinterval(1)  # whoever has the lock of Python keeps it
session = choose_engine({engine!r}, 8).start(pathlib.Path({str(tmp_path / "sface.onnx")!r}).read_bytes())
together = threading.Barrier(8)
def first_run():
    together.wait()
    session.run(numpy.zeros((1, 3, 112, 112), numpy.float32))
threads = [threading.Thread(target=first_run) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    assert run([sys.executable, "-c", script], check=False, timeout=PATIENCE_S).returncode == 0


def test_one_run_at_a_time_keeps_one_core_busy_at_most(model_files: ModelFolder) -> None:
    """Neither do runs spread, nor do idle threads wait in a busy loop."""
    session = model_files.session(packaged(SFACE_FILE), FreeAxes.BATCH)
    batch = pictures(session.input_shape)
    session.run(batch)
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(40):
        session.run(batch)
        time.sleep(0.002)
    assert time.process_time() - cpu < time.perf_counter() - wall


def test_a_run_over_several_cores_gives_the_same_numbers(prepared_models: PreparedModels) -> None:
    source = packaged(SFACE_FILE)
    alone = choose_engine("onnxruntime", 2).load(prepared_models, source, FreeAxes.BATCH)
    together = choose_engine("onnxruntime", 2, IdleCores(cores=1_000_000, threads=2)).load(
        prepared_models, source, FreeAxes.BATCH
    )
    batch = pictures(alone.input_shape)
    (expected,) = alone.run(batch).values()
    before = set(threading.enumerate())
    together.run(batch)
    for starting in set(threading.enumerate()) - before:  # the session of several threads
        starting.join(60)
    (found,) = together.run(batch).values()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_is_no_model_is_refused(inference: Engine) -> None:
    for data in (b"", b"nothing", b"\xff\x00 not a model"):
        with pytest.raises(BrokenModel):
            inference.start(data)


def test_two_inputs_are_refused(inference: Engine) -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "abc"]
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["c"])], "g", values[:2], values[2:])
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(BrokenModel, match="2 inputs"):
        inference.start(model.SerializeToString())


def test_an_engine_that_is_not_installed_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "adapters.onnx.engines.open_vino", raising=False)
    with pytest.raises(StartupError, match=r'^FACE_INFERENCE: openvino .*"face-api\[openvino\]"$'):
        choose_engine("openvino", 1)


def test_openvino_is_not_imported_unless_it_is_chosen() -> None:
    script = "import sys, entrypoints.bootstrap.container; assert 'openvino' not in sys.modules"
    assert run([sys.executable, "-c", script], check=False).returncode == 0


def test_openvino_opens_no_connection_and_starts_no_program(tmp_path: Path) -> None:
    """Its package reports every import to its publisher, from a process of its own, if nobody prevents it."""
    (tmp_path / "sface.onnx").write_bytes(prepare(packaged(SFACE_FILE), FreeAxes.BATCH, Dialect.OPENVINO))
    script = f"""
import pathlib, sys, numpy
seen = []
sys.addaudithook(lambda event, _: seen.append(event))
from adapters.onnx.engines.choice import choose_engine
session = choose_engine("openvino", 2).start(pathlib.Path({str(tmp_path / "sface.onnx")!r}).read_bytes())
session.run(numpy.zeros((2, 3, 112, 112), numpy.float32))
loud = [event for event in seen if event.startswith(("socket.", "subprocess.", "os.fork", "os.system"))]
assert not loud, loud
"""
    assert run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_memory_of_large_batches_is_given_back(tmp_path: Path) -> None:
    """ONNX Runtime keeps what the largest run has taken, for each that runs at once, unless it is told otherwise."""
    (tmp_path / "sface.onnx").write_bytes(prepare(packaged(SFACE_FILE), FreeAxes.BATCH, Dialect.ONNXRUNTIME))
    script = f"""
import pathlib, re, threading, numpy
from adapters.onnx.engines.onnx_runtime import OnnxRuntimeSession
from adapters.system.machine import return_freed_memory
def resident():
    return_freed_memory()
    return int(re.search(r"VmRSS:\\s*(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) // 1024
session = OnnxRuntimeSession(pathlib.Path({str(tmp_path / "sface.onnx")!r}).read_bytes())
one, many = (numpy.zeros((count, 3, 112, 112), numpy.float32) for count in (1, 16))
session.run(one)
before = resident()
threads = [threading.Thread(target=session.run, args=(many,)) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert resident() < before + 60, (before, resident())
"""
    done = run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
