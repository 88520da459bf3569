"""The use case: does a calibration hold for people and cameras that it was not made on?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.decisions import CalibrationMode, DecisionPolicy
from application.evaluation.calibration.calibrate import fit, usable
from application.evaluation.datasets.evaluation_set import EvaluationSet, LoadSets
from application.evaluation.datasets.photos import Progress
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics.impostor_scores import mixed
from application.evaluation.metrics.normalisation import NormalisedSet, known_norms, normalise
from application.evaluation.metrics.photo_pairs import genuine_pairs
from domain.calibration import HIGHEST_FITTED, CalibrationTable
from domain.impostors import COHORT_SIZE, Cohort, ImpostorMoments, norm_penalty, similarity_at
from domain.models import ModelChoice
from domain.quality import LENIENT, Measure

DRAWS = 20
"""Of the people who are enrolled, and of the photo that each of them is enrolled with."""
MOST_ENROLLED = 200
MOST_PROBES = 1500
"""Photos that are searched for, or compared with each other, in each draw."""
LEAST_PEOPLE = 14
POOLED_FMR = 1e-3


@dataclass(frozen=True, slots=True)
class TransferRates:
    """Error rates on one set with thresholds from one source; means over the draws."""

    fmr: float
    """Of verifications; each pair of people weighs the same."""
    fnmr: float
    fpir: float
    """The share of searches for photos of people who aren't enrolled that name somebody."""
    tpir: float
    """The share of searches for other photos of enrolled people that name the right person."""
    threshold: float
    """The median of searches."""


@dataclass(frozen=True, slots=True)
class SetTransfer:
    """One set, measured with a table and a prior that come from the others."""

    name: str
    people: int
    photos: int
    enrolled: int
    """People in the gallery of a search, half of them all; with one photo each."""
    tar: float
    """True accept rate at the set's own false match rate of POOLED_FMR, of plain similarities."""
    pooled_tar: float
    """The same at the one threshold at which all sets together, each weighing the same, have that rate."""
    rates: dict[CalibrationMode, TransferRates]


@dataclass(frozen=True, slots=True)
class TransferEvaluation:
    """All figures of one run."""

    models: ModelChoice
    target_fmr: float
    target_fpir: float
    pooled_threshold: float
    sets: tuple[SetTransfer, ...]

    @property
    def pooled_tar(self) -> float:
        """The mean over the sets."""
        return float(np.mean([each.pooled_tar for each in self.sets]))


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateTransfer:
    """Measures each of several sets with a table and a prior that come from the others."""

    loading: LoadSets
    policy: DecisionPolicy
    """Has the rates that are promised."""

    def execute(
        self,
        sources: Sequence[Path],
        progress: Progress,
        least_norm: float = LENIENT.limits[Measure.EMBEDDING_NORM],
    ) -> TransferEvaluation:
        """Load two sets or more, leave each out once.

        Photos whose embedding norm, by what is usual for the model, is below `least_norm` take no part.

        Raises:
            EvaluationError: the sets are too few or too small.
            CommandError, ModelNotInstalled, BrokenModel: see LoadSets.execute.
        """
        if len(sources) < 2:  # noqa: PLR2004
            raise EvaluationError("leaving one set out takes two sets at least")
        models = self.loading.models
        sets = [usable(each, least_norm) for each in self.loading.execute(sources, progress)]
        for each in sets:
            if len(np.unique(each.people)) < LEAST_PEOPLE:
                raise EvaluationError(f"{each.name} has fewer than {LEAST_PEOPLE} people")
        normalised = [normalise(each.name, each.vectors, each.people, each.norms) for each in sets]
        pooled = pooled_threshold(normalised)
        results = []
        for number, (photos, own) in enumerate(zip(sets, normalised, strict=True)):
            table = fit([each for each in normalised if each is not own], models, "the other sets")
            genuine = genuine_scores(photos)
            results.append(
                SetTransfer(
                    photos.name,
                    own.similarities.people,
                    own.similarities.photos,
                    min(MOST_ENROLLED, own.similarities.people // 2),
                    float((genuine >= own.similarities.everyone.threshold(POOLED_FMR)).mean()),
                    float((genuine >= pooled).mean()),
                    {mode: self.measure(photos, table, number, mode) for mode in CalibrationMode},
                )
            )
        return TransferEvaluation(
            models, self.policy.target_fmr, self.policy.target_fpir, pooled, tuple(results)
        )

    def measure(
        self,
        photos: EvaluationSet,
        table: CalibrationTable,
        seed: int,
        mode: CalibrationMode = CalibrationMode.GALLERY,
    ) -> TransferRates:
        """Measure one set at thresholds from a table, and in the mode `gallery` from the people enrolled as well."""
        rng = np.random.default_rng(seed)
        draws = [_Draw.of(photos, rng, table, mode) for _ in range(DRAWS)]
        verified = np.array([draw.verify(self.policy) for draw in draws])
        searched = np.array([draw.search(self.policy) for draw in draws])
        fmr, fnmr = verified.mean(axis=0).tolist()
        fpir, tpir, threshold = np.nanmean(searched, axis=0).tolist()
        return TransferRates(fmr, fnmr, fpir, tpir, threshold)


def pooled_threshold(sets: Sequence[NormalisedSet]) -> float:
    """The one threshold at which all sets together, each weighing the same, have POOLED_FMR."""
    histograms = [each.similarities.everyone for each in sets]
    return mixed(histograms, [1] * len(sets)).threshold(POOLED_FMR)


def genuine_scores(photos: EvaluationSet) -> NDArray[np.float64]:
    """Similarities of all pairs of photos of the same person."""
    one, other = genuine_pairs(photos.people).T
    return np.asarray(np.sum(photos.vectors[one] * photos.vectors[other], axis=1), dtype=np.float64)


def _share(truths: NDArray[np.bool_]) -> float:
    return float(truths.mean()) if len(truths) else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class _Draw:
    """Half of the people are enrolled, with one photo each; everybody's other photos are probes."""

    vectors: NDArray[np.float32]
    people: NDArray[np.intp]
    norms: NDArray[np.float64]
    enrolled: NDArray[np.intp]
    probes: NDArray[np.intp]
    moments: ImpostorMoments
    table: CalibrationTable
    mode: CalibrationMode

    @classmethod
    def of(
        cls,
        photos: EvaluationSet,
        rng: np.random.Generator,
        table: CalibrationTable,
        mode: CalibrationMode,
    ) -> "_Draw":
        people = photos.people
        everyone = rng.permutation(int(people.max()) + 1)
        chosen = everyone[: min(MOST_ENROLLED, len(everyone) // 2)]
        enrolled = np.array([rng.choice(np.flatnonzero(people == person)) for person in chosen])
        probes = np.setdiff1d(np.arange(len(people)), enrolled)
        probes = rng.permutation(probes)[:MOST_PROBES]
        shown = enrolled if mode is CalibrationMode.GALLERY else enrolled[:0]
        cohort = Cohort.of(len(shown), photos.vectors[shown][:COHORT_SIZE])
        moments = ImpostorMoments.of(photos.vectors, cohort, table.prior)
        return cls(photos.vectors, people, known_norms(photos.norms), enrolled, probes, moments, table, mode)

    def verify(self, policy: DecisionPolicy) -> tuple[float, float]:
        """FMR and FNMR of the probes of people who are not enrolled, compared with each other."""
        rows = self.probes[~np.isin(self.people[self.probes], self.people[self.enrolled])]
        people = self.people[rows]
        matches = self._matches(rows, rows, policy.target_fmr)
        upper = np.triu(np.ones(matches.shape, dtype=bool), 1)
        same = people[:, None] == people
        weight = 1 / np.bincount(people)[people]
        weights = weight[:, None] * weight
        impostors, genuine = upper & ~same, upper & same
        fmr = (matches * weights)[impostors].sum() / weights[impostors].sum()
        return float(fmr), float(1 - matches[genuine].mean())

    def search(self, policy: DecisionPolicy) -> tuple[float, float, float]:
        """FPIR, TPIR and the median threshold of searches of the probes among the enrolled."""
        similarities = self.vectors[self.probes] @ self.vectors[self.enrolled].T
        nearest = similarities.argmax(axis=1)
        fmr = policy.fmr_for_fpir(len(self.enrolled))
        thresholds = np.take_along_axis(
            self._thresholds(self.probes, self.enrolled, fmr), nearest[:, None], axis=1
        )[:, 0]
        named = similarities.max(axis=1) >= thresholds
        people, gallery = self.people[self.probes], self.people[self.enrolled]
        mated = np.isin(people, gallery)
        right = named & (gallery[nearest] == people)
        return _share(named[~mated]), _share(right[mated]), float(np.median(thresholds))

    def _matches(self, one: NDArray[np.intp], other: NDArray[np.intp], fmr: float) -> NDArray[np.bool_]:
        return np.asarray(self.vectors[one] @ self.vectors[other].T >= self._thresholds(one, other, fmr))

    def _thresholds(self, one: NDArray[np.intp], other: NDArray[np.intp], fmr: float) -> NDArray[np.float64]:
        """As CalibrationTable.threshold_between, for all pairs of a face of `one` and a face of `other`."""
        required = np.full((len(one), len(other)), self.table.score_at(fmr))
        if self.mode is CalibrationMode.GALLERY:
            required += norm_penalty(self.norms[one][:, None], self.norms[other])
        fitted = similarity_at(required, self.moments.take(one).column, self.moments.take(other))
        return np.maximum(np.minimum(fitted, HIGHEST_FITTED), self.table.threshold_at(fmr))
