"""The use case: how often does a verification err, on these people, and for whom?"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from application.evaluation.datasets.evaluation_set import EvaluationSet, LoadSets, SetSource
from application.evaluation.datasets.groups import NO_GROUPS, Grouping
from application.evaluation.datasets.pairs import parse_pairs
from application.evaluation.datasets.photo_files import Progress
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics.impostor_scores import compare_everyone, pool
from application.evaluation.verification.group_rates import RatesAt, measure_groups
from application.evaluation.verification.pair_accuracy import Evaluation, checked, measure
from domain.models import ModelChoice


@dataclass(frozen=True, slots=True)
class OperatingThreshold:
    """A threshold that rates are measured at."""

    similarity: float
    fmr: float
    """The false match rate that it is meant for."""
    configured: bool
    """Whether a verification of the service has it; else it is the one that keeps to `fmr` on these very sets."""


@dataclass(frozen=True, slots=True, eq=False)
class SetSize:
    """What was measured."""

    name: str
    people: int
    photos: int
    undetected: tuple[str, ...]
    """Photos without a face."""


@dataclass(frozen=True, slots=True, eq=False)
class VerificationReport:
    """All figures of one run."""

    models: ModelChoice
    sets: tuple[SetSize, ...]
    pairs: Evaluation | None
    """By a file of pairs."""
    rates: tuple[tuple[OperatingThreshold, RatesAt], ...]
    """Of all comparisons within the sets."""


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateVerification:
    """Compares all photos of some sets, and those pairs of photos that a file names."""

    loading: LoadSets
    configured: Callable[[str], tuple[float, float] | None]
    """The similarity at which the service verifies with a model, and its false match rate, if it is calibrated."""

    def execute(
        self,
        sources: Sequence[SetSource],
        progress: Progress,
        *,
        pairs: str | None = None,
        grouping: Grouping = NO_GROUPS,
        fmrs: Sequence[float] = (1e-3,),
        detection_model: str | None = None,
        recognition_model: str | None = None,
    ) -> VerificationReport:
        """Measure; with pairs and without groups, the pairs only.

        Args:
            sources: the sets; one alone with pairs.
            progress: called after each photo.
            pairs: the content of a pairs file; see `parse_pairs`.
            grouping: what people or photos are told apart by.
            fmrs: false match rates on these sets whose thresholds are measured at, besides the configured one.
            detection_model: the configured one if None.
            recognition_model: likewise.

        Raises:
            EvaluationError: photos, pairs or groups are not what they should be.
            UnknownModel, and all that LoadSets.execute raises.
        """
        choice = self.loading.choose(detection_model, recognition_model)
        protocol = None if pairs is None else checked(parse_pairs(pairs), sources)
        sets = self.loading.execute(sources, choice, progress)
        return VerificationReport(
            choice,
            tuple(
                SetSize(photos.name, len(set(photos.names)), len(photos.names), photos.undetected)
                for photos in sets
            ),
            None if protocol is None else measure(sets[0], protocol, choice),
            self._rates(sets, grouping, fmrs, choice) if protocol is None or grouping else (),
        )

    def _rates(
        self, sets: Sequence[EvaluationSet], grouping: Grouping, fmrs: Sequence[float], choice: ModelChoice
    ) -> tuple[tuple[OperatingThreshold, RatesAt], ...]:
        attributes = grouping.attributes(sets)
        if any(len(np.unique(photos.people[photos.found])) < 2 for photos in sets):  # noqa: PLR2004
            raise EvaluationError("a set needs faces of two people or more")
        configured = self.configured(choice.recognition)
        thresholds = [] if configured is None else [OperatingThreshold(*configured, configured=True)]
        # Pairs of people weigh the same here, as they do in the rates.
        everyone = pool([compare_everyone(photos.vectors, photos.people) for photos in sets]).everyone
        thresholds += [OperatingThreshold(everyone.threshold(fmr), fmr, configured=False) for fmr in fmrs]
        rates = measure_groups(sets, attributes, [threshold.similarity for threshold in thresholds])
        return tuple(zip(thresholds, rates, strict=True))
