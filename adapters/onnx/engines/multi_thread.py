"""Runs that use several threads while cores are idle."""

from collections.abc import Callable, Mapping
from functools import partial

from typing_extensions import override

from adapters.onnx.engines.late import LateSession
from adapters.onnx.session import InferenceSession, Tensor
from adapters.system.idle_cores import IdleCores


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
        self.input_shape = self._single.input_shape
        self.output_shapes = self._single.output_shapes
        self.metadata = self._single.metadata
        self._multi = LateSession(partial(start, idle_cores.threads))
        self._ran = False
        self._idle_cores = idle_cores

    @override
    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        multi = self._multi() if self._ran else None
        if multi is not None and self._idle_cores.available():
            return multi.run(batch)
        outputs = self._single.run(batch)
        if not self._ran:
            self._ran = True
            self._multi()
        return outputs
