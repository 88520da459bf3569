"""The use case: which liveness threshold keeps living people from being refused, with this camera?"""

import math
from dataclasses import dataclass
from pathlib import Path

from application.evaluation.attacks import JudgePhotos, Presentations
from application.evaluation.errors import EvaluationError
from application.evaluation.liveness import LivenessEvaluation, evaluate, rates_at, threshold_for
from application.evaluation.metrics import Share
from application.evaluation.parallel import Progress
from domain.liveness_calibration import LivenessCalibration, MeasuredRate

LEAST_LIVE = 50
"""Photos of living people that must be judged, whatever the wanted rate."""


@dataclass(frozen=True, slots=True)
class CalibratedLiveness:
    """A threshold to write, and what there was before."""

    calibration: LivenessCalibration
    evaluation: LivenessEvaluation
    """`at_threshold` is at the threshold that holds without the new calibration."""


@dataclass(frozen=True, slots=True, eq=False)
class CalibrateLiveness:
    """Measures the threshold of a camera."""

    photos: JudgePhotos

    def execute(
        self,
        live: Path,
        attack: Path | None,
        progress: Progress,
        *,
        wanted_bpcer: float = 0.01,
        data: str | None = None,
        detection_model: str | None = None,
    ) -> CalibratedLiveness:
        """Judge the most prominent face of every photo, and find the strictest threshold for a BPCER.

        Args:
            live: a folder of photos of living people, taken as the service will get them, at any depth.
            attack: the same of attacks, if there are any; each of its subfolders is one species of attack.
            progress: called after each photo.
            wanted_bpcer: the share of living faces that may be taken for attacks.
            data: what the photos are, for the record; the folder's name if None.
            detection_model: the configured one if None.

        Raises:
            EvaluationError: the photos are not enough, and all that JudgePhotos.execute raises.
        """
        living, attacks = self.photos.execute(live, attack, progress, detection_model)
        gate = self.photos.analyser.gate
        return fit(
            living,
            attacks,
            model=gate.detector().name,
            threshold=gate.threshold(),
            wanted_bpcer=wanted_bpcer,
            data=live.resolve().name if data is None else data,
        )


def fit(
    live: Presentations,
    attacks: Presentations,
    *,
    model: str,
    threshold: float,
    wanted_bpcer: float,
    data: str,
) -> CalibratedLiveness:
    """The calibration that follows from what was said of photos.

    Raises:
        EvaluationError: the photos are not enough for the wanted rate.
    """
    scores, least = live.scores, least_photos(wanted_bpcer)
    if len(scores) < least:
        raise EvaluationError(
            f"a BPCER of {wanted_bpcer:.2%} needs at least {least} photos of living people that can be"
            f" judged; there are {len(scores)} (without a face: {live.non_response.without_face},"
            f" undetermined: {live.non_response.undetermined})"
        )
    evaluation = evaluate(live, attacks, model=model, threshold=threshold, wanted_bpcer=wanted_bpcer)
    found = _rounded_down(threshold_for(scores, wanted_bpcer))
    rates = rates_at(found, scores, attacks)
    counts = {kind: int((attacks.kinds == kind).sum()) for kind in rates.apcer}
    try:
        calibration = LivenessCalibration(
            models=tuple(model.split("+")),
            threshold=found,
            wanted_bpcer=wanted_bpcer,
            bpcer=_measured(rates.bpcer, len(scores)),
            apcer={kind: _measured(share, counts[kind]) for kind, share in rates.apcer.items()},
            data=data,
        )
    except ValueError as error:
        raise EvaluationError("these photos give no usable threshold: their scores are all alike") from error
    return CalibratedLiveness(calibration, evaluation)


def least_photos(wanted_bpcer: float) -> int:
    """Photos of living people that a rate needs: with fewer, not one of them could be refused at it."""
    return max(LEAST_LIVE, math.ceil(1 / wanted_bpcer - 1e-9)) if wanted_bpcer > 0 else LEAST_LIVE


def _rounded_down(threshold: float) -> float:
    """To six digits, so that the photo whose score it is still passes."""
    return math.floor(threshold * 1e6) / 1e6


def _measured(share: Share, photos: int) -> MeasuredRate:
    return MeasuredRate(round(share.value, 6), round(share.low, 6), round(share.high, 6), photos)
