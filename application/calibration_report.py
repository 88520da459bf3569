"""The use case: the thresholds that are fitted to a gallery, and the error rates that are to be expected at them."""

from dataclasses import dataclass
from enum import StrEnum

from application.decisions import CalibrationMode, DecisionPolicy
from application.gallery_calibration import GalleryCalibration
from application.ports.models import ModelLibrary
from domain.calibration import CalibrationTable
from domain.errors import CollectionNotFound
from domain.identification import fpir_for_fmr
from domain.impostors import ImpostorDistribution, normalised_score

LEAST_PEOPLE = 20
"""With fewer people enrolled, the distribution of their similarities can't be estimated."""
MEAN_MARGIN = 1.0
DEVIATION_MARGIN = 0.4
"""A gallery is unlike the people of the table if its mean or deviation lies further than this outside of what the
sets span that it was made from, in deviations of the table. Galleries often have one view by one camera: of the
mugshots, photos of one view lie up to 0.8 and 0.35 from the moments of the whole set, and galleries of 20 people up
to 0.5 and 0.3 from those of their own set (99 of 100)."""


class CalibrationWarning(StrEnum):
    """Why the estimated rates may be wrong."""

    TOO_FEW_PEOPLE = "too_few_people"
    UNLIKE_TABLE = "unlike_table"

    @property
    def detail(self) -> str:
        """One sentence for the operator."""
        return _DETAILS[self]


_DETAILS = {
    CalibrationWarning.TOO_FEW_PEOPLE: (
        f"Fewer than {LEAST_PEOPLE} people are enrolled, too few to tell how alike the people of this gallery are:"
        " an average population is assumed for the most part."
    ),
    CalibrationWarning.UNLIKE_TABLE: (
        "Different people of this gallery are more, less or more unevenly alike than the people whom the model was"
        " calibrated on: measure its errors on photos like these, or calibrate on them."
    ),
}


@dataclass(frozen=True, slots=True)
class ThresholdEstimate:
    """A threshold and the error rate at it: the FMR of a verification, or the FPIR of a search."""

    promised: float
    """The rate that the operator accepts."""
    threshold: float
    """The threshold that is used for average faces of this gallery. Each comparison has its own."""
    estimated: float
    """The rate among people like those enrolled, at this threshold."""
    table_threshold: float
    """The threshold with the model's table alone."""
    table_estimated: float
    """The rate among people like those enrolled, at that threshold."""


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """Impostor scores among the people of a collection, and the thresholds that follow from them."""

    collection: str
    model: str
    mode: CalibrationMode
    people: int
    """Enrolled with this model."""
    compared: int
    """People of the cohort, one face each."""
    pairs: int
    """Pairs of different people of the cohort."""
    age: float
    """Seconds since the cohort was drawn."""
    observed: ImpostorDistribution | None
    """Of these pairs; None with too few people."""
    expected: ImpostorDistribution
    """What thresholds are fitted to: the observed one mixed with the average one, which counts less, the more people
    there are."""
    average: ImpostorDistribution
    """Of an average population: the mean over all sets that the table was made from."""
    verification: ThresholdEstimate
    identification: ThresholdEstimate
    """A search among all the people."""
    warnings: tuple[CalibrationWarning, ...]


@dataclass(frozen=True, slots=True)
class ReportCalibration:
    """Reports on the calibration of a gallery."""

    models: ModelLibrary
    policy: DecisionPolicy
    calibration: GalleryCalibration

    async def execute(self, collection: str, recognition_model: str | None = None) -> CalibrationReport:
        """Report on a collection and a recognition model; None is the configured one.

        Raises:
            CollectionNotFound: there is no such collection.
            UnknownModel, ModelNotCalibrated: there is no such model, or it has no table.
            Unavailable: the store does not answer.
        """
        model = self.models.choose(None, recognition_model).recognition
        table = self.policy.table(model)
        stored = await self.calibration.latest(collection, model)
        if stored is None:
            raise CollectionNotFound
        cohort, policy = stored.cohort, self.policy
        expected = cohort.population(table.prior)
        verification = self._operating(table, policy.target_fmr, expected)
        search = self._operating(table, policy.fmr_for_fpir(cohort.people), expected)
        return CalibrationReport(
            collection=collection,
            model=model,
            mode=policy.mode,
            people=cohort.people,
            compared=len(cohort.vectors),
            pairs=cohort.pairs,
            age=stored.age,
            observed=cohort.observed,
            expected=expected,
            average=table.prior,
            verification=verification,
            identification=ThresholdEstimate(
                policy.target_fpir,
                search.threshold,
                fpir_for_fmr(search.estimated, cohort.people),
                search.table_threshold,
                fpir_for_fmr(search.table_estimated, cohort.people),
            ),
            warnings=tuple(_warnings(len(cohort.vectors), cohort.observed, table)),
        )

    def _operating(
        self, table: CalibrationTable, fmr: float, expected: ImpostorDistribution
    ) -> ThresholdEstimate:
        alone = table.threshold_between(fmr, table.prior, table.prior)
        fitted = table.threshold_between(fmr, expected, expected)
        used = fitted if self.policy.mode is CalibrationMode.GALLERY else alone

        def estimated(threshold: float) -> float:
            return table.fmr_at_score(normalised_score(threshold, expected, expected))

        return ThresholdEstimate(fmr, used, estimated(used), alone, estimated(alone))


def _warnings(
    compared: int, observed: ImpostorDistribution | None, table: CalibrationTable
) -> list[CalibrationWarning]:
    if compared < LEAST_PEOPLE or observed is None:
        return [CalibrationWarning.TOO_FEW_PEOPLE]
    measured = [table.impostors, *(population.impostors for population in table.populations)]
    means, deviations = [each.mean for each in measured], [each.deviation for each in measured]
    unit = table.impostors.deviation
    like = (
        min(means) - MEAN_MARGIN * unit <= observed.mean <= max(means) + MEAN_MARGIN * unit
        and min(deviations) - DEVIATION_MARGIN * unit
        <= observed.deviation
        <= max(deviations) + DEVIATION_MARGIN * unit
    )
    return [] if like else [CalibrationWarning.UNLIKE_TABLE]
