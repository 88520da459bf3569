"""The engines of this instance: which one runs which network, and in which precision."""

from collections.abc import Callable, Sequence
from threading import Lock

from adapters.onnx.engines.choice import Engine
from adapters.onnx.engines.variants import EngineName, Variant
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import FreeAxes
from adapters.onnx.lazy import LazyValues
from adapters.onnx.session import InferenceSession
from domain.models import Execution, Precision

FLOAT_ONLY = (Precision.FLOAT,)


class Engines:
    """Chooses when the first network is loaded, as that may take a measurement. Thread-safe."""

    def __init__(self, rank: Callable[[], Sequence[Variant]], start: Callable[[EngineName], Engine]) -> None:
        """Choose nothing yet.

        Args:
            rank: the variants that may be used, the best first, at least one; called once.
            start: makes an engine that is among them.
        """
        self._rank = rank
        self._ranking: Sequence[Variant] = ()
        self._lock = Lock()
        self._engines = LazyValues[EngineName, Engine](start)

    @classmethod
    def only(cls, engine: Engine, precision: Precision = Precision.FLOAT) -> "Engines":
        """One engine for everything."""
        return cls(lambda: [Variant(engine.name, precision)], lambda _: engine)

    def load(
        self,
        models: PreparedModels,
        source: bytes,
        free: FreeAxes,
        precisions: Sequence[Precision] = FLOAT_ONLY,
    ) -> InferenceSession:
        """A session of a file: in float, if the settings leave it open.

        Args:
            models: prepares it.
            source: the file's content.
            free: the axes of its input to free.
            precisions: those that it may be run in, at least one.

        Raises:
            BrokenModel: the file can't be prepared or loaded.
            StartupError: there is no such engine or device here.
        """
        variant = self._exact(precisions)
        return self._engines.get(variant.engine).load(models, source, free, variant.precision)

    def load_quick(
        self, models: PreparedModels, source: bytes, free: FreeAxes, precisions: Sequence[Precision]
    ) -> InferenceSession | None:
        """A session of the fastest variant, if that is another one than `load` takes.

        Arguments and errors are those of `load`.
        """
        variant = self._best(precisions)
        if variant == self._exact(precisions):
            return None
        return self._engines.get(variant.engine).load(
            models, source, free, variant.precision, estimating=True
        )

    def execution(self, free: FreeAxes, precisions: Sequence[Precision]) -> Execution | None:
        """What runs such a network; None as long as nothing is chosen."""
        if not self._ranking:
            return None
        variant = self._exact(precisions)
        engine = self._engines.get(variant.engine).for_network(free)
        return Execution(engine.name, variant.precision, str(engine.device))

    def _exact(self, precisions: Sequence[Precision]) -> Variant:
        """The best one in float, or the best one."""
        ranking = self._ranked()
        in_float = any(variant.precision is Precision.FLOAT for variant in ranking)
        return self._best(FLOAT_ONLY if in_float and Precision.FLOAT in precisions else precisions)

    def _best(self, precisions: Sequence[Precision]) -> Variant:
        """A model that can't be run in the precision that was chosen is run in its own."""
        ranking = self._ranked()
        found = (variant for variant in ranking if variant.precision in precisions)
        return next(found, Variant(ranking[0].engine, precisions[0]))

    def _ranked(self) -> Sequence[Variant]:
        if not self._ranking:
            with self._lock:
                self._ranking = self._ranking or tuple(self._rank())
        return self._ranking
