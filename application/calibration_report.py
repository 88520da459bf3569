"""The use case: do the thresholds hold for the people who are enrolled, and for whom else should they?"""

from dataclasses import dataclass
from enum import StrEnum

from application.decisions import CalibrationMode, DecisionPolicy
from application.gallery_calibration import GalleryCalibration
from application.ports.models import ModelLibrary
from domain.calibration import CalibrationTable
from domain.errors import CollectionNotFound
from domain.identification import fpir_of
from domain.impostors import ImpostorDistribution, normalised_score

LEAST_PEOPLE = 20
"""Of fewer nobody can say what their similarities are like."""
MEAN_MARGIN = 1.0
DEVIATION_MARGIN = 0.4
"""A gallery is unlike the people of the table if its mean or deviation lies further than this outside of what the
sets span that it was made from, in deviations of the table. Galleries often have one view by one camera: of the
mugshots, photos of one view lie up to 0.8 and 0.35 from the moments of the whole set, and galleries of 20 people up
to 0.5 and 0.3 from those of their own set (99 of 100)."""


class Doubt(StrEnum):
    """Why the estimates may be wrong."""

    TOO_FEW_PEOPLE = "too_few_people"
    UNLIKE_TABLE = "unlike_table"

    @property
    def detail(self) -> str:
        """One sentence for a person."""
        return _DETAILS[self]


_DETAILS = {
    Doubt.TOO_FEW_PEOPLE: (
        f"Fewer than {LEAST_PEOPLE} people are enrolled, too few to tell what strangers are like among them:"
        " an average population is assumed for the most part."
    ),
    Doubt.UNLIKE_TABLE: (
        "Different people of this gallery are more, less or more unevenly alike than the people whom the model was"
        " calibrated on: measure its errors with face-api evaluate, or calibrate on photos like these."
    ),
}


@dataclass(frozen=True, slots=True)
class OperatingThreshold:
    """A threshold, and how often strangers reach it: a rate of false matches, or of false positive searches."""

    promised: float
    """What the operator accepts."""
    threshold: float
    """That is used, for faces that are as this gallery's are on average. Each comparison has its own."""
    estimated: float
    """The rate among people like those enrolled, at the threshold."""
    table_threshold: float
    """That would be used with the model's table alone."""
    table_estimated: float
    """The rate among people like those enrolled, at that one."""


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What one recognition model's similarities are like among the people of a collection."""

    collection: str
    model: str
    mode: CalibrationMode
    people: int
    """Enrolled with this model."""
    compared: int
    """People of the cohort, one face each."""
    pairs: int
    """Of different people of the cohort."""
    age: float
    """Seconds since the cohort was drawn."""
    observed: ImpostorDistribution | None
    """Of these pairs; None of too few people."""
    expected: ImpostorDistribution
    """What is assumed of the gallery: the observed one, and an average population the more, the fewer people."""
    average: ImpostorDistribution
    """That population: of all sets that the table was made from."""
    verification: OperatingThreshold
    identification: OperatingThreshold
    """A search among all the people."""
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class ReportCalibration:
    """Says what was found about a gallery."""

    models: ModelLibrary
    policy: DecisionPolicy
    calibration: GalleryCalibration

    async def execute(self, collection: str, recognition_model: str | None = None) -> CalibrationReport:
        """On the people of a collection, and a recognition model; None for the configured one.

        Raises:
            CollectionNotFound, ModelNotCalibrated, Unavailable, and all that ModelLibrary.choose raises.
        """
        model = self.models.choose(None, recognition_model).recognition
        table = self.policy.table(model)
        stored = await self.calibration.latest(collection, model)
        if stored is None:
            raise CollectionNotFound
        cohort, policy = stored.cohort, self.policy
        expected = cohort.population(table.prior)
        verification = self._operating(table, policy.target_fmr, expected)
        search = self._operating(table, policy.identification_fmr(cohort.people), expected)
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
            identification=OperatingThreshold(
                policy.target_fpir,
                search.threshold,
                fpir_of(search.estimated, cohort.people),
                search.table_threshold,
                fpir_of(search.table_estimated, cohort.people),
            ),
            doubts=tuple(_doubts(len(cohort.vectors), cohort.observed, table)),
        )

    def _operating(
        self, table: CalibrationTable, fmr: float, expected: ImpostorDistribution
    ) -> OperatingThreshold:
        alone = table.threshold_between(fmr, table.prior, table.prior)
        fitted = table.threshold_between(fmr, expected, expected)
        used = fitted if self.policy.mode is CalibrationMode.GALLERY else alone

        def estimated(threshold: float) -> float:
            return table.fmr_at_score(normalised_score(threshold, expected, expected))

        return OperatingThreshold(fmr, used, estimated(used), alone, estimated(alone))


def _doubts(compared: int, observed: ImpostorDistribution | None, table: CalibrationTable) -> list[Doubt]:
    if compared < LEAST_PEOPLE or observed is None:
        return [Doubt.TOO_FEW_PEOPLE]
    measured = [table.impostors, *(population.impostors for population in table.populations)]
    means, deviations = [each.mean for each in measured], [each.deviation for each in measured]
    unit = table.impostors.deviation
    like = (
        min(means) - MEAN_MARGIN * unit <= observed.mean <= max(means) + MEAN_MARGIN * unit
        and min(deviations) - DEVIATION_MARGIN * unit
        <= observed.deviation
        <= max(deviations) + DEVIATION_MARGIN * unit
    )
    return [] if like else [Doubt.UNLIKE_TABLE]
