"""Our own pipeline, with a watch on every stage."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

from application.analysis.analyser import FaceAnalyser
from tests.benchmarks.substitute import substituted


class Watch:
    """Seconds by stage."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self.taken: defaultdict[str, float] = defaultdict(float)

    def over(self, port: Any, stage: str) -> Any:
        """The port, whose calls are counted as this stage."""
        return _Watched(port, lambda call: self._timed(call, stage))

    def _timed(self, call: Callable[..., object], stage: str) -> Callable[..., object]:
        def timed(*args: object, **kwargs: object) -> object:
            start = self._clock()
            try:
                return call(*args, **kwargs)
            finally:
                self.taken[stage] += self._clock() - start

        return timed


class _Watched:
    def __init__(self, port: object, wrap: Callable[[Callable[..., object]], object]) -> None:
        self._port = port
        self._wrap = wrap

    def __getattr__(self, name: str) -> object:
        value = getattr(self._port, name)
        return self._wrap(value) if callable(value) else value


def watched(analyser: FaceAnalyser, watch: Watch) -> FaceAnalyser:
    """The same pipeline: decode, detect, align, embed and assess are watched."""
    models = analyser.models
    return replace(
        analyser,
        decoder=watch.over(analyser.decoder, "decode"),
        aligners={kind: watch.over(aligner, "align") for kind, aligner in analyser.aligners.items()},
        models=substituted(
            models,
            lambda name: watch.over(models.detector(name), "detect"),
            lambda name: watch.over(models.embedder(name), "embed"),
        ),
        assessor=watch.over(analyser.assessor, "assess"),
    )
