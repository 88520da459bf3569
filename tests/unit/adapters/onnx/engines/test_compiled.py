"""Networks as ONNX Runtime has compiled them, kept on disk."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from adapters.onnx.engines import onnx_runtime
from adapters.onnx.engines.choice import choose_engine
from adapters.onnx.engines.compiled import GRAPH, CompiledNetworks
from adapters.onnx.session import InferenceSession, Tensor
from adapters.system.idle_cores import IdleCores
from domain.errors import BrokenModel
from tests.unit.networks import onnx_file

PICTURE = np.random.default_rng(0).random((2, 3, 32, 32), dtype=np.float32)
OUTPUTS = 4096


def network(outputs: int = OUTPUTS) -> bytes:
    """A layer with 50 MB of weights, or less, behind a convolution."""
    random = np.random.default_rng(1)
    constants = {
        "kernel": random.random((3, 3, 3, 3), dtype=np.float32),
        "weights": random.random((3072, outputs), dtype=np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["data", "kernel"], ["mixed"], pads=[1, 1, 1, 1]),
        helper.make_node("Flatten", ["mixed"], ["row"]),
        helper.make_node("MatMul", ["row", "weights"], ["out"]),
    ]
    return onnx_file(nodes, constants, ("n", 3, 32, 32), {"out": ("n", outputs)})


def result(session: InferenceSession) -> Tensor:
    return session.run(PICTURE)["out"]


class Compiler:
    """Writes two files, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, model: bytes, folder: Path) -> None:
        self.calls += 1
        (folder / GRAPH).write_bytes(b"graph of " + model)
        (folder / "weights.bin").write_bytes(b"weights")


def test_a_compiled_network_gives_the_same_numbers(tmp_path: Path) -> None:
    model = network(64)
    plain = choose_engine("onnxruntime", 1).start(model)
    for _ in range(2):  # compiled, and found
        session = choose_engine("onnxruntime", 1, cache=tmp_path).start(model)
        np.testing.assert_array_equal(result(session), result(plain))
    assert session.input_shape == plain.input_shape
    assert session.output_shapes == plain.output_shapes
    assert [entry.is_dir() for entry in tmp_path.iterdir()] == [True]


def test_sessions_of_a_network_share_its_weights(tmp_path: Path) -> None:
    engine = choose_engine("onnxruntime", 1, IdleCores(cores=1_000_000, threads=2), cache=tmp_path)
    model = network()
    engine.start(model)  # what compiling takes is not measured
    before, threads = anonymous(), set(threading.enumerate())
    session = engine.start(model)
    result(session)
    for starting in set(threading.enumerate()) - threads:  # the session of several threads
        starting.join(60)
    result(session)
    assert anonymous() - before < 25_000_000, "each session would have 50 MB"


def test_a_network_is_compiled_once_for_each_machine(tmp_path: Path) -> None:
    here, compiler = CompiledNetworks(tmp_path, "a processor; 1.0"), Compiler()
    with ThreadPoolExecutor(8) as pool:
        graphs = list(pool.map(lambda _: here.graph(b"model", compiler), range(8)))
    assert compiler.calls == 1
    assert graphs == [graphs[0]] * 8
    assert graphs[0] is not None
    assert graphs[0].read_bytes() == b"graph of model"
    assert CompiledNetworks(tmp_path, "another; 1.0").graph(b"model", compiler) != graphs[0]
    assert here.graph(b"other model", compiler) != graphs[0]
    assert compiler.calls == 3


@pytest.mark.parametrize("file", [GRAPH, "weights.bin", "SHA256SUMS"])
@pytest.mark.parametrize("damage", ["other", "empty", "gone"])
def test_a_damaged_entry_is_compiled_again(tmp_path: Path, file: str, damage: str) -> None:
    networks, compiler = CompiledNetworks(tmp_path, "a processor; 1.0"), Compiler()
    graph = networks.graph(b"model", compiler)
    assert graph is not None
    broken = graph.with_name(file)
    if damage == "gone":
        broken.unlink()
    else:
        broken.write_bytes(b"\xff\n  x" if damage == "other" else b"")
    assert networks.graph(b"model", compiler) == graph
    assert compiler.calls == 2
    assert graph.with_name("weights.bin").read_bytes() == b"weights"


def test_entries_of_machines_that_are_gone_do_not_pile_up(tmp_path: Path) -> None:
    compiler, graphs = Compiler(), []
    for version in range(7):
        graph = CompiledNetworks(tmp_path, f"version {version}").graph(b"model", compiler)
        assert graph is not None
        os.utime(graph.parent, (version, version))
        graphs.append(graph)
    CompiledNetworks(tmp_path, "version 0").graph(b"other model", compiler)
    assert len(list(tmp_path.iterdir())) == 5
    assert [graph.is_file() for graph in graphs] == [False] * 3 + [True] * 4


def test_without_a_folder_to_write_to_each_session_has_its_own_weights(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    model = network(64)
    session = choose_engine("onnxruntime", 1, cache=tmp_path / "file" / "compiled").start(model)
    np.testing.assert_array_equal(result(session), result(choose_engine("onnxruntime", 1).start(model)))


def test_what_is_no_model_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BrokenModel):
        choose_engine("onnxruntime", 1, cache=tmp_path / "compiled").start(b"not a model")
    assert list(tmp_path.iterdir()) == []


def test_on_processors_where_it_was_not_tried_nothing_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert onnx_runtime.compiled_networks(tmp_path) is None


def anonymous() -> int:
    """Bytes of this process that are in no file."""
    for line in Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024
    raise AssertionError
