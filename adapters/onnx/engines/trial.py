"""A short measurement of how fast this machine runs a network in several ways, kept for later starts."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np

from adapters.onnx.engines.variants import Variant
from adapters.onnx.session import InferenceSession, Tensor
from adapters.system.files import write_atomically
from adapters.system.locks import exclusive
from application.errors import StartupError
from domain.errors import FaceServiceError
from domain.models import Precision

logger = logging.getLogger("face.models")

_COMPARED = 2
"""Variants that are measured: each takes a second to prepare and load."""
_LIMIT_S = 3.0
"""For everything, except that what has begun is finished."""
_LATEST_S = 2.0
"""After which no further variant is prepared and loaded, which takes a second."""
_ROUNDS = 8
_ADVANTAGE = 0.9
"""What was expected to be fastest stays unless another takes at most this share of its time."""
_LEAST_SIMILARITY = 0.98
"""Cosine, to a float variant. Kernels that are wrong on this processor are not used, however fast."""
_MOST_KEPT = 8
"""Machines whose speeds a folder keeps: a data directory may move."""


class Speed(msgspec.Struct, frozen=True):
    """What was found of a variant."""

    ms: float | None = None
    """Processor time of one face; None if there was no time to measure it."""
    usable: bool = True


Speeds = dict[str, Speed]
Load = Callable[[Variant, bytes], InferenceSession]
"""A session for a variant, which runs in one thread."""


class SpeedTrial:
    """Measures variants once for a machine and the versions of what it runs."""

    def __init__(self, folder: Path, machine: str, read: Callable[[], bytes], load: Load) -> None:
        """Measure nothing yet.

        Args:
            folder: where results are kept.
            machine: the processor and the versions; results hold for these only.
            read: reads the file of the network that is measured; may raise FaceServiceError.
            load: makes the sessions to compare.
        """
        self._folder = folder
        self._file = folder / "speeds.json"
        self._machine = machine
        self._read = read
        self._load = load

    def ranked(self, variants: Sequence[Variant]) -> tuple[list[Variant], Speeds]:
        """The usable variants, the fastest first, and what is known of their speeds.

        Those that weren't compared keep their order, after those that were. There may be none.
        """
        compared = variants[:_COMPARED]
        with exclusive(self._folder):  # one process measures, the others read what it found
            kept = self._kept()
            speeds = kept.get(self._machine, {})
            if any(str(variant) not in speeds for variant in compared):
                speeds = speeds | self._measured(compared)
                # Where nothing can be used, it is for want of memory, say, and has to be tried again.
                if any(speed.usable for speed in speeds.values()):
                    others = {key: kept[key] for key in kept if key != self._machine}
                    self._keep({**others, self._machine: speeds})
        return _order(variants, speeds), speeds

    def _measured(self, variants: Sequence[Variant]) -> Speeds:
        began = time.monotonic()
        try:
            source = self._read()
        except FaceServiceError as error:
            logger.warning("speeds can't be measured: %s", error)
            return {}
        found: Speeds = {}
        sessions: dict[Variant, InferenceSession] = {}
        for variant in variants:
            if sessions and time.monotonic() - began > _LATEST_S:
                found[str(variant)] = Speed()
                continue
            try:
                sessions[variant] = self._load(variant, source)
            except (FaceServiceError, StartupError, RuntimeError) as error:
                logger.warning("%s can't be used: %s", variant, error)
                found[str(variant)] = Speed(usable=False)
        times, outputs = _run_in_turns(sessions, began + _LIMIT_S)
        for variant in sessions:
            right = _agrees(variant, outputs)
            if not right:
                logger.warning("%s is not used: its results are wrong on this processor", variant)
            found[str(variant)] = Speed(round(1e3 * times[variant], 2), right)
        return found

    def _kept(self) -> dict[str, Speeds]:
        with suppress(OSError, msgspec.MsgspecError):
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, Speeds])
        return {}

    def _keep(self, speeds: Mapping[str, Speeds]) -> None:
        latest = dict(list(speeds.items())[-_MOST_KEPT:])
        try:
            write_atomically(self._file, msgspec.json.format(msgspec.json.encode(latest)))
        except OSError as error:
            logger.warning("measured speeds can't be kept: %s", error)


def _run_in_turns(
    sessions: Mapping[Variant, InferenceSession], deadline: float
) -> tuple[dict[Variant, float], dict[Variant, Tensor]]:
    """The least processor time of a run, and the outputs.

    Other work on the machine, which there is at a start, disturbs it the least.
    """
    outputs = {variant: _output(session) for variant, session in sessions.items()}
    times = dict.fromkeys(sessions, float("inf"))
    for turn in range(_ROUNDS):
        if turn and time.monotonic() > deadline:
            break
        for variant, session in sessions.items():
            began = time.process_time()
            _output(session)
            times[variant] = min(times[variant], time.process_time() - began)
    return times, outputs


def _output(session: InferenceSession) -> Tensor:
    (output,) = session.run(_picture(session)).values()
    first: Tensor = output[0]
    return first


def _picture(session: InferenceSession) -> Tensor:
    """Blotches of several sizes, 0 to 255, the same every time."""
    _, channels, height, width = (axis or 1 for axis in session.input_shape)
    random = np.random.default_rng(0)
    picture = np.zeros((1, channels, height, width), np.float32)
    for cell in (1, 4, 16):
        blotches = random.random((channels, -(-height // cell), -(-width // cell)), dtype=np.float32)
        picture += 85 * np.kron(blotches, np.ones((1, cell, cell), np.float32))[None, :, :height, :width]
    return picture


def _agrees(variant: Variant, outputs: Mapping[Variant, Tensor]) -> bool:
    exact = next((one for one in outputs if one.precision is Precision.FLOAT), variant)
    one, other = outputs[exact].astype(np.float64), outputs[variant].astype(np.float64)
    norms = np.linalg.norm(one) * np.linalg.norm(other)
    return bool(one @ other >= _LEAST_SIMILARITY * norms > 0)


def _order(variants: Sequence[Variant], speeds: Speeds) -> list[Variant]:
    usable = [variant for variant in variants if speeds.get(str(variant), Speed()).usable]
    measured = {variant: speeds[str(variant)].ms for variant in usable if str(variant) in speeds}
    times = {variant: ms for variant, ms in measured.items() if ms is not None}
    if usable and usable[0] in times:
        times[usable[0]] *= _ADVANTAGE
        return sorted(usable, key=lambda variant: times.get(variant, float("inf")))
    return usable
