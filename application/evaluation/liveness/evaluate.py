"""Error rates of presentation attack detection (ISO/IEC 30107-3), and the threshold for a BPCER."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.errors import EvaluationError
from application.evaluation.liveness.presentations import JudgedPhotos, Presentations
from application.evaluation.metrics.rates import Share
from domain.liveness.calibration import LivenessCalibration, MeasuredRate

LEAST_LIVE = 50
"""Photos of living people that a calibration needs at least, whatever the wanted rate."""


@dataclass(frozen=True, slots=True)
class AttackDetectionRates:
    """At one threshold, of the photos that were judged."""

    threshold: float
    apcer: Mapping[str, Share]
    """The share of attacks that pass as living faces, by species: a subfolder's name, or `attack`. Empty when no
    attack was judged."""
    bpcer: Share
    """The share of living faces that are taken for attacks."""

    @property
    def worst_apcer(self) -> float | None:
        """The APCER is that of the most successful species."""
        return max((share.value for share in self.apcer.values()), default=None)

    @property
    def acer(self) -> float | None:
        """The mean of both rates."""
        return None if self.worst_apcer is None else (self.worst_apcer + self.bpcer.value) / 2


@dataclass(frozen=True, slots=True)
class LivenessEvaluation:
    """All figures of one run."""

    photos: JudgedPhotos
    at_threshold: AttackDetectionRates
    """At the configured threshold."""
    at_bpcer: AttackDetectionRates
    """At the highest threshold that refuses at most the wanted share of living faces."""
    wanted_bpcer: float


def evaluate(photos: JudgedPhotos, wanted_bpcer: float) -> LivenessEvaluation:
    """The error rates on photos.

    Raises:
        EvaluationError: no photo of living people, or none of the attacks that there are, was judged.
    """
    scores = photos.live.scores
    if not len(scores) or (photos.attacks.found and not photos.attacks.judged.any()):
        raise EvaluationError(
            "no face that can be judged is in the photos of living people, or in those of attacks"
        )
    return LivenessEvaluation(
        photos,
        rates_at(photos.threshold, scores, photos.attacks),
        rates_at(threshold_for(scores, wanted_bpcer), scores, photos.attacks),
        wanted_bpcer,
    )


def threshold_for(live: NDArray[np.float64], bpcer: float) -> float:
    """The highest threshold that takes at most this share of living faces for attacks."""
    allowed = min(int(bpcer * len(live) + 1e-9), len(live) - 1)
    return float(np.sort(live)[allowed])


def rates_at(threshold: float, live: NDArray[np.float64], attacks: Presentations) -> AttackDetectionRates:
    """Error rates; `live` are the scores of living people who were judged, at least one."""
    passed, species = attacks.scores >= threshold, attacks.judged_species
    return AttackDetectionRates(
        threshold,
        {
            str(kind): Share.of(int(passed[species == kind].sum()), int((species == kind).sum()))
            for kind in np.unique(species)
        },
        Share.of(int((live < threshold).sum()), len(live)),
    )


def calibrate(photos: JudgedPhotos, wanted_bpcer: float, data: str) -> LivenessCalibration:
    """The strictest threshold that keeps to a BPCER; `data` says what the photos are, for the record.

    Raises:
        EvaluationError: the photos are not enough for the wanted rate.
    """
    scores, least = photos.live.scores, least_photos(wanted_bpcer)
    if len(scores) < least:
        missing = photos.live.non_response
        raise EvaluationError(
            f"a BPCER of {wanted_bpcer:.2%} needs at least {least} photos of living people that can be"
            f" judged; there are {len(scores)} (without a face: {missing.without_face},"
            f" undetermined: {missing.undetermined})"
        )
    # Rounded down to six digits, so that the photo whose score it is still passes.
    threshold = math.floor(threshold_for(scores, wanted_bpcer) * 1e6) / 1e6
    rates, species = rates_at(threshold, scores, photos.attacks), photos.attacks.judged_species
    try:
        return LivenessCalibration(
            models=tuple(photos.model.split("+")),
            threshold=threshold,
            wanted_bpcer=wanted_bpcer,
            bpcer=_measured(rates.bpcer, len(scores)),
            apcer={
                kind: _measured(share, int((species == kind).sum())) for kind, share in rates.apcer.items()
            },
            data=data,
        )
    except ValueError as error:
        raise EvaluationError("these photos give no usable threshold: their scores are all alike") from error


def least_photos(wanted_bpcer: float) -> int:
    """Photos of living people that a rate needs: with fewer, not one of them could be refused at it."""
    return max(LEAST_LIVE, math.ceil(1 / wanted_bpcer - 1e-9)) if wanted_bpcer > 0 else LEAST_LIVE


def _measured(share: Share, photos: int) -> MeasuredRate:
    return MeasuredRate(round(share.value, 6), round(share.low, 6), round(share.high, 6), photos)
