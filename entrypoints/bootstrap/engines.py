"""Wiring of the engines that run the models."""

from functools import partial
from pathlib import Path

from adapters.onnx.catalogue.entries import Catalogue
from adapters.onnx.catalogue.files import ModelFiles
from adapters.onnx.engines.choice import choose_engine
from adapters.onnx.engines.devices import Device
from adapters.onnx.engines.engines import Engines
from adapters.onnx.engines.selection import Request, rank
from adapters.onnx.engines.trial import SpeedTrial
from adapters.onnx.engines.variants import Variant
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import FreeAxes
from adapters.onnx.session import InferenceSession
from adapters.system.idle_cores import IdleCores
from adapters.system.processor import this_processor
from domain.models import Precision
from entrypoints.bootstrap.settings import Settings

TRIED = "sface"
"""The model by which engines are compared: it takes most of the time of an answer, and is always installed."""


def engines_for(
    settings: Settings, folder: Path, idle_cores: IdleCores | None, catalogue: Catalogue, files: ModelFiles
) -> Engines:
    """The engines that the settings ask for, or that are fastest on this processor.

    What they make of models, and how fast they have been, is kept in `folder`.
    """
    device = Device.parse(settings.device)
    prepared = PreparedModels(folder)

    def load(variant: Variant, source: bytes) -> InferenceSession:
        engine = choose_engine(variant.engine, 1)
        return engine.load(prepared, source, FreeAxes.BATCH, variant.precision)

    start = partial(
        choose_engine,
        workers=settings.worker_count,
        idle_cores=idle_cores,
        device=device,
        cache=folder / "compiled",
    )
    entry = catalogue.entries[TRIED]
    trial = partial(SpeedTrial, folder / "speeds", read=partial(files.read, TRIED, entry), load=load)
    precision = None if settings.precision == "auto" else Precision(settings.precision)
    request = Request(settings.inference, precision, device)
    return Engines(lambda: rank(request, this_processor(), start, trial), start)
