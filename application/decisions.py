"""At which similarity a decision is taken, and how often it is then wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from application.ports.calibration import CalibrationStore
from domain.calibration import CalibrationTable
from domain.errors import ModelNotCalibrated
from domain.faces import Embedding
from domain.identification import Decision, RankedPerson, identification_fmr, verdict
from domain.impostors import Cohort, ImpostorDistribution, norm_penalty, normalised_score

FPIR_SAFETY_FACTOR = 2
"""So many times as often as on average, searches of some people err where those of others don't.

The threshold is so much stricter that the rate that the operator accepts is kept with nearly all people, and not on
average only. Measured in docs/accuracy.md.
"""


class CalibrationMode(StrEnum):
    """Where thresholds come from."""

    GALLERY = "gallery"
    """The model's table, fitted to the people who are enrolled."""
    TABLE = "table"
    """The model's table alone, for an average population."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least similarity of a match."""

    similarity: float
    fmr: float | None
    """The false match rate of one comparison at it; None for a model without calibration."""


@dataclass(frozen=True, slots=True, eq=False)
class ComparedFaces:
    """Two faces that are compared, among the people of a gallery."""

    cohort: Cohort
    probe: Embedding
    reference: Embedding
    """The enrolled face, or the other photo's."""


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """Thresholds from the rates of error that the operator accepts."""

    calibrations: CalibrationStore
    target_fmr: float
    """Of a verification: one stranger compared with one person."""
    target_fpir: float
    """Of an identification: one stranger compared with everybody."""
    margin: float
    """Two people whose similarities differ by less are ambiguous; 0 never is."""
    mode: CalibrationMode = CalibrationMode.GALLERY

    def verification(
        self,
        model: str,
        wanted: float | None = None,
        comparisons: float = 1,
        faces: ComparedFaces | None = None,
    ) -> Threshold:
        """For comparing a face with another, or with a person.

        Args:
            model: the recogniser's name.
            wanted: a similarity that the request sets instead.
            comparisons: what the person's faces count for; see IdentificationMethod.comparisons.
            faces: what is compared; None gives the threshold for an average population.

        Raises:
            ModelNotCalibrated: nobody knows what this model's similarities mean, and none was set.
        """
        return self._threshold(model, self.target_fmr / comparisons, wanted, faces)

    def identification(
        self,
        model: str,
        people: int,
        wanted: float | None = None,
        comparisons: float = 1,
        faces: ComparedFaces | None = None,
    ) -> Threshold:
        """For naming one of so many people, whose own faces count for so many comparisons.

        It is never looser than a verification. Whoever has more faces enrolled has more chances to be confused,
        so that the threshold for them is higher; it doesn't depend on the faces of others.
        """
        return self._threshold(model, self.identification_fmr(people) / comparisons, wanted, faces)

    def identification_fmr(self, people: int) -> float:
        """The false match rate of one of the comparisons of a search among so many people."""
        return min(self.target_fmr, identification_fmr(self.target_fpir, people) / FPIR_SAFETY_FACTOR)

    def decide(self, ranked: Sequence[RankedPerson], searched: int, threshold: Threshold) -> Decision:
        """On people who are ranked best first."""
        return Decision(
            verdict(ranked, threshold.similarity, self.margin),
            tuple(ranked),
            threshold.similarity,
            threshold.fmr,
            searched,
        )

    def table(self, model: str) -> CalibrationTable:
        """What is known of a model's similarities.

        Raises:
            ModelNotCalibrated: nothing.
        """
        table = self.calibrations.load(model)
        if table is None:
            raise ModelNotCalibrated(f"The model {model} has no calibration.")
        return table

    def _threshold(
        self, model: str, fmr: float, wanted: float | None, faces: ComparedFaces | None
    ) -> Threshold:
        if wanted is not None:
            table = self.calibrations.load(model)
            if table is None:
                return Threshold(wanted, None)
            score = normalised_score(wanted, *self._impostors(table, faces)) - self._penalty(table, faces)
            return Threshold(wanted, table.fmr_at_score(score))
        table = self.table(model)
        impostors = self._impostors(table, faces)
        return Threshold(table.threshold_between(fmr, *impostors, self._penalty(table, faces)), fmr)

    def _penalty(self, table: CalibrationTable, faces: ComparedFaces | None) -> float:
        if faces is None or table.usual_norm is None or self.mode is CalibrationMode.TABLE:
            return 0.0
        one, other = faces.probe.norm, faces.reference.norm
        if one is None or other is None:
            return 0.0
        # A number of Python: answers are encoded from it.
        return float(norm_penalty(one / table.usual_norm, other / table.usual_norm))

    def _impostors(
        self, table: CalibrationTable, faces: ComparedFaces | None
    ) -> tuple[ImpostorDistribution, ImpostorDistribution]:
        """Of the probe, and of what it is compared with."""
        if faces is None or self.mode is CalibrationMode.TABLE:
            return table.prior, table.prior
        prior = table.prior
        return (
            faces.cohort.impostors_of(faces.probe.vector, prior),
            faces.cohort.impostors_of(faces.reference.vector, prior),
        )
