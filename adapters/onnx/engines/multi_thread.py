"""Runs that use several threads while cores are idle."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread

from typing_extensions import override

from adapters.onnx.session import InferenceSession, Shape, Tensor
from adapters.system.idle_cores import IdleCores
from adapters.system.machine import return_freed_memory


class MultiThreadSession(InferenceSession):
    """Two sessions of the same network, one for a single thread, the other for several.

    One thread per run gives the highest throughput. A single client is answered sooner by several threads, at a
    fifth more processor time. Both compute the same numbers.
    """

    def __init__(self, start: Callable[[int], InferenceSession], idle_cores: IdleCores) -> None:
        """Start the single-threaded session; the other one starts after the first run.

        Args:
            start: makes a session that runs in this number of threads.
            idle_cores: says when to use several threads, and how many.
        """
        self._single = start(1)
        self._multi: InferenceSession | None = None
        self._to_start = [start]
        """Emptied by the thread that starts the second session; `start` holds the network's file in memory."""
        self._idle_cores = idle_cores

    @property
    @override
    def input_shape(self) -> Shape:
        return self._single.input_shape

    @property
    @override
    def output_shapes(self) -> Mapping[str, Shape]:
        return self._single.output_shapes

    @property
    @override
    def metadata(self) -> Mapping[str, str]:
        return self._single.metadata

    @override
    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        multi = self._multi
        if multi is not None and self._idle_cores.available():
            return multi.run(batch)
        outputs = self._single.run(batch)
        with suppress(IndexError):
            Thread(target=self._start_multi, args=(self._to_start.pop(),), name="session-start").start()
        return outputs

    def _start_multi(self, start: Callable[[int], InferenceSession]) -> None:
        self._multi = start(self._idle_cores.threads)
        return_freed_memory()
