"""The use case: how often does a verification err on these people, and for whom?"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from application.decisions import DecisionPolicy
from application.evaluation.datasets.evaluation_set import EvaluationSet, LoadSets
from application.evaluation.datasets.groups import NO_GROUPS, Grouping
from application.evaluation.datasets.pairs import parse_pairs
from application.evaluation.datasets.photos import Progress
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics.group_rates import OperatingThreshold, RatesAt
from application.evaluation.metrics.impostor_scores import compare_everyone, pool
from application.evaluation.verification.comparisons import VerificationRates
from application.evaluation.verification.group_rates import measure_groups
from application.evaluation.verification.pair_accuracy import PairAccuracy, check_protocol, measure_pairs
from domain.errors import ModelNotCalibrated
from domain.models import ModelChoice


@dataclass(frozen=True, slots=True, eq=False)
class VerificationEvaluation:
    """All figures of one run."""

    models: ModelChoice
    sets: tuple[EvaluationSet, ...]
    pairs: PairAccuracy | None
    """On a file of pairs."""
    rates: tuple[RatesAt[VerificationRates], ...]
    """Of all comparisons within the sets."""


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateVerification:
    """Compares all photos of some sets, and those pairs of photos that a file names."""

    loading: LoadSets
    policy: DecisionPolicy
    """Has the service's threshold for an average population, which is measured at."""

    def execute(
        self,
        sources: Sequence[Path],
        progress: Progress,
        *,
        pairs: str | None = None,
        grouping: Grouping = NO_GROUPS,
        fmrs: Sequence[float] = (1e-3,),
    ) -> VerificationEvaluation:
        """Compare photos; with pairs and without groups, those of the pairs only.

        Args:
            sources: the sets; one alone with pairs.
            progress: see LoadSets.execute.
            pairs: the content of a pairs file, see `parse_pairs`; photos are named `person/person_0001.jpg`.
            grouping: what rates are reported by.
            fmrs: false match rates on these sets whose thresholds are measured at, besides the configured one.

        Raises:
            EvaluationError: photos, pairs or groups are not what they should be.
            CommandError, ModelNotInstalled, BrokenModel: see LoadSets.execute.
        """
        protocol = None if pairs is None else check_protocol(parse_pairs(pairs), sources)
        sets = self.loading.execute(sources, progress)
        return VerificationEvaluation(
            self.loading.models,
            tuple(sets),
            None if protocol is None else measure_pairs(sets[0], protocol, self.loading.models),
            self._rates(sets, grouping, fmrs) if protocol is None or grouping else (),
        )

    def _rates(
        self, sets: Sequence[EvaluationSet], grouping: Grouping, fmrs: Sequence[float]
    ) -> tuple[RatesAt[VerificationRates], ...]:
        attributes = grouping.attributes(sets)
        if any(len(np.unique(photos.people[photos.found])) < 2 for photos in sets):  # noqa: PLR2004
            raise EvaluationError("a set needs faces of two people or more")
        # Pairs of people weigh the same here, as they do in the rates.
        everyone = pool([compare_everyone(photos.vectors, photos.people).everyone for photos in sets])
        thresholds = [OperatingThreshold(everyone.threshold(fmr), fmr, configured=False) for fmr in fmrs]
        with contextlib.suppress(ModelNotCalibrated):
            similarity = self.policy.verification(self.loading.models.recognition).similarity
            thresholds.insert(0, OperatingThreshold(similarity, self.policy.target_fmr, configured=True))
        return tuple(measure_groups(sets, attributes, thresholds))
