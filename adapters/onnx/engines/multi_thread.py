"""Runs that spread over several cores while these have nothing else to do."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread
from typing import Protocol

from adapters.onnx.session import InferenceSession, Shape, Tensor
from adapters.system.machine import give_back_memory


class Spare(Protocol):
    """Cores for a run to spread over."""

    @property
    def threads(self) -> int:
        """That it spreads over, the caller's among them."""
        ...

    def now(self) -> bool:
        """Whether each of them would have a core of its own at this moment."""
        ...


class ElasticSession:
    """Implements InferenceSession with two of the same network.

    One thread a run gives the most images a second, since nobody waits for anybody. A single client is answered
    sooner by several threads, for a fifth more processor time. Both compute the same numbers.
    """

    def __init__(self, start: Callable[[int], InferenceSession], spare: Spare) -> None:
        """Start one; `start` takes the threads of a run. The other starts after the first run."""
        self._one = start(1)
        self._several: InferenceSession | None = None
        self._to_start = [start]
        """Empty when somebody has begun: what it holds is as large as the network's file."""
        self._spare = spare

    @property
    def input_shape(self) -> Shape:
        """See InferenceSession."""
        return self._one.input_shape

    @property
    def output_shapes(self) -> Mapping[str, Shape]:
        """See InferenceSession."""
        return self._one.output_shapes

    @property
    def metadata(self) -> Mapping[str, str]:
        """See InferenceSession."""
        return self._one.metadata

    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        """See InferenceSession."""
        several = self._several
        if several is not None and self._spare.now():
            return several.run(batch)
        outputs = self._one.run(batch)
        with suppress(IndexError):
            Thread(target=self._start_several, args=(self._to_start.pop(),), name="session-start").start()
        return outputs

    def _start_several(self, start: Callable[[int], InferenceSession]) -> None:
        self._several = start(self._spare.threads)
        give_back_memory()
