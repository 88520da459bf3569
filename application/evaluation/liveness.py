"""The use case: how well are presentation attacks told from living faces, by ISO/IEC 30107-3?"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.evaluation.attacks import JudgePhotos, NonResponse, Presentations
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics import Share
from application.evaluation.parallel import Progress


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """At one threshold, of the photos that were judged."""

    threshold: float
    apcer: Mapping[str, Share]
    """Attacks that pass as living faces, by species of attack: a subfolder's name, or `attack`. Empty when no
    attack was judged."""
    bpcer: Share
    """Living faces that are taken for attacks."""

    @property
    def worst_apcer(self) -> float | None:
        """The attack that works best is the one that will be used."""
        return max((share.value for share in self.apcer.values()), default=None)

    @property
    def acer(self) -> float | None:
        """The mean of both rates."""
        return None if self.worst_apcer is None else (self.worst_apcer + self.bpcer.value) / 2


@dataclass(frozen=True, slots=True)
class LivenessEvaluation:
    """All figures of one run."""

    model: str
    live: NonResponse
    attacks: NonResponse
    at_threshold: ErrorRates
    at_bpcer: ErrorRates
    """At the highest threshold that refuses at most the wanted share of living faces."""
    wanted_bpcer: float


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateLiveness:
    """Measures presentation attack detection on photos of living people and of attacks."""

    photos: JudgePhotos

    def execute(
        self,
        live: Path,
        attack: Path | None,
        progress: Progress,
        *,
        wanted_bpcer: float = 0.01,
        detection_model: str | None = None,
    ) -> LivenessEvaluation:
        """Judge the most prominent face of every photo.

        Raises:
            EvaluationError: no photo of living people can be judged, and all that JudgePhotos.execute raises.
        """
        living, attacks = self.photos.execute(live, attack, progress, detection_model)
        gate = self.photos.analyser.gate
        return evaluate(
            living, attacks, model=gate.detector().name, threshold=gate.threshold(), wanted_bpcer=wanted_bpcer
        )


def evaluate(
    live: Presentations, attacks: Presentations, *, model: str, threshold: float, wanted_bpcer: float
) -> LivenessEvaluation:
    """The figures that follow from what was said of photos.

    Raises:
        EvaluationError: no photo of living people, or none of the attacks that there are, was judged.
    """
    scores = live.scores
    if not len(scores) or (attacks.found and not attacks.judged.any()):
        raise EvaluationError(
            "no face that can be judged is in the photos of living people, or in those of attacks"
        )
    return LivenessEvaluation(
        model=model,
        live=live.non_response,
        attacks=attacks.non_response,
        at_threshold=rates_at(threshold, scores, attacks),
        at_bpcer=rates_at(threshold_for(scores, wanted_bpcer), scores, attacks),
        wanted_bpcer=wanted_bpcer,
    )


def threshold_for(live: NDArray[np.float64], bpcer: float) -> float:
    """The highest threshold that takes at most this share of living faces for attacks."""
    allowed = min(int(bpcer * len(live) + 1e-9), len(live) - 1)
    return float(np.sort(live)[allowed])


def rates_at(threshold: float, live: NDArray[np.float64], attacks: Presentations) -> ErrorRates:
    """Error rates; `live` are the scores of living people who were judged, at least one."""
    passed, kinds = attacks.scores >= threshold, attacks.kinds
    return ErrorRates(
        threshold,
        {
            str(kind): Share.of(int(passed[kinds == kind].sum()), int((kinds == kind).sum()))
            for kind in np.unique(kinds)
        },
        Share.of(int((live < threshold).sum()), len(live)),
    )
