"""The engine and the precision that the settings ask for, or that are fastest here."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from adapters.onnx.engines.choice import Engine
from adapters.onnx.engines.devices import CPU, Device
from adapters.onnx.engines.trial import SpeedTrial
from adapters.onnx.engines.variants import EngineName, Variant, candidates
from adapters.onnx.graphs.preparation import PREPARATION_VERSION
from adapters.system.processor import Processor
from application.errors import StartupError
from domain.models import Precision

logger = logging.getLogger("face.models")

_DISTRIBUTIONS = {"onnxruntime": ("onnxruntime", "onnxruntime-gpu"), "openvino": ("openvino",)}


@dataclass(frozen=True, slots=True)
class Request:
    """What the settings ask for."""

    engine: EngineName | Literal["auto"] = "auto"
    """auto is the fastest."""
    precision: Precision | None = None
    """None is float, and the fastest for estimates."""
    device: Device = CPU


def rank(
    request: Request,
    processor: Processor,
    start: Callable[[EngineName], Engine],
    trial: Callable[[str], SpeedTrial],
) -> Sequence[Variant]:
    """The variants to use, the best first, at least one.

    Args:
        request: what the settings ask for.
        processor: of this machine.
        start: makes an engine.
        trial: compares variants, on a machine of this description.

    Raises:
        StartupError: what was asked for isn't here; the message names the setting.
    """
    device = request.device
    if device.engine is not None:
        if request.engine not in {"auto", device.engine}:
            raise StartupError(
                f"FACE_DEVICE: {device} is a device of {device.engine}, and FACE_INFERENCE is {request.engine}"
            )
        asked = request.precision or Precision.FLOAT
        found = [Variant(device.engine, asked)]
        start(device.engine)
        logger.info("models run on %s, by %s", device, found[0])
        return found
    found = [
        variant
        for variant in candidates(processor, request.engine, request.precision)
        if request.engine != "auto" or _installed(variant.engine)
    ]
    if len(found) == 1:
        logger.info("models run on the processor, by %s", found[0])
        return found
    usable, speeds = trial(_description(processor)).ranked(found)
    ranked = _that_start(usable, start) if request.engine == "auto" else usable
    best, *others = ranked or found
    exact = next((one for one in (best, *others) if one.precision is Precision.FLOAT), best)
    measured = ", ".join(f"{name} {speed.ms} ms" for name, speed in speeds.items() if speed.ms is not None)
    logger.info(
        "models run on the processor, by %s%s; measured for a face: %s; %s",
        exact,
        "" if best == exact else f", estimates by {best}",
        measured or "nothing",
        processor,
    )
    return ranked or found


def _that_start(variants: Sequence[Variant], start: Callable[[EngineName], Engine]) -> Sequence[Variant]:
    """Those left when the first engines are passed over that can't be started; nobody has asked for them by name."""
    for engine in dict.fromkeys(variant.engine for variant in variants):
        try:
            start(engine)
        except StartupError as error:
            logger.warning("%s", error)
            variants = [variant for variant in variants if variant.engine != engine]
        else:
            break
    return variants


def _installed(name: EngineName) -> bool:
    return any(map(_version, _DISTRIBUTIONS[name]))


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def _description(processor: Processor) -> str:
    versions = [f"{one} {_version(one)}" for each in _DISTRIBUTIONS.values() for one in each if _version(one)]
    return "; ".join([str(processor), *versions, f"preparation {PREPARATION_VERSION}"])
