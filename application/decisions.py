"""Decision thresholds, from the rates of error that the operator accepts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.calibration import CalibrationTable
from domain.errors import ModelNotCalibrated
from domain.faces import Embedding
from domain.identification import Decision, RankedPerson, fmr_for_fpir, verdict
from domain.impostors import Cohort, ImpostorDistribution, norm_penalty, normalised_score

FPIR_SAFETY_FACTOR = 2
"""Searches for some groups of people err up to this many times as often as the average search. Thresholds of searches
are stricter by this factor, so that the accepted rate holds for nearly all people, and not on average only. See
docs/accuracy.md."""


class CalibrationMode(StrEnum):
    """Where thresholds come from."""

    GALLERY = "gallery"
    """The model's table, fitted to the people enrolled."""
    TABLE = "table"
    """The model's table alone, for an average population."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least similarity of a match."""

    similarity: float
    lowest: float
    """The least that it may be for other faces, with the same rates."""
    fmr: float | None
    """The false match rate of one comparison at it; None for a model without calibration."""


@dataclass(frozen=True, slots=True, eq=False)
class ComparedFaces:
    """Two faces that are compared, and the cohort of the gallery."""

    cohort: Cohort
    probe: Embedding
    reference: Embedding
    """The enrolled face, or the other photo's."""


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """Thresholds from the rates of error that the operator accepts."""

    load_table: Callable[[str], CalibrationTable | None]
    """CalibrationStore.load: the table of a recognition model; None if it was never calibrated."""
    target_fmr: float
    """Accepted false match rate of a verification."""
    target_fpir: float
    """Accepted false positive identification rate of a search among everybody."""
    margin: float
    """If the similarities of two people differ by less, a match is ambiguous; with 0 it never is."""
    mode: CalibrationMode = CalibrationMode.GALLERY

    def verification(
        self,
        model: str,
        wanted: float | None = None,
        comparisons: float = 1,
        faces: ComparedFaces | None = None,
    ) -> Threshold:
        """The threshold for comparing a face with another, or with a person.

        Args:
            model: the recogniser's name.
            wanted: a similarity that the request sets instead.
            comparisons: what the person's faces count for; see IdentificationMethod.comparisons.
            faces: what is compared; None gives the threshold for an average population.

        Raises:
            ModelNotCalibrated: the model has no table, and `wanted` is None.
        """
        return self._threshold(model, self.target_fmr, comparisons, wanted, faces)

    def identification(
        self,
        model: str,
        people: int,
        wanted: float | None = None,
        comparisons: float = 1,
        faces: ComparedFaces | None = None,
    ) -> Threshold:
        """The threshold for naming one of so many people, never lower than that of a verification.

        The more faces somebody has, the more easily they are confused, and the higher is their threshold. It doesn't
        depend on others' faces. Arguments and errors as of `verification`.
        """
        return self._threshold(model, self.fmr_for_fpir(people), comparisons, wanted, faces)

    def fmr_for_fpir(self, people: int) -> float:
        """The false match rate of each of the comparisons of a search among so many people."""
        return min(self.target_fmr, fmr_for_fpir(self.target_fpir, people) / FPIR_SAFETY_FACTOR)

    def decide(self, ranked: Sequence[RankedPerson], searched: int, threshold: Threshold) -> Decision:
        """On people who are ranked best first."""
        return Decision(
            verdict(ranked, threshold.similarity, self.margin),
            tuple(ranked),
            threshold.similarity,
            threshold.lowest,
            threshold.fmr,
            searched,
        )

    def table(self, model: str) -> CalibrationTable:
        """The calibration table of a model.

        Raises:
            ModelNotCalibrated: it has none.
        """
        table = self.load_table(model)
        if table is None:
            raise ModelNotCalibrated(
                f"The model {model} has no calibration: the operator can calibrate it, or the request can set"
                " a threshold."
            )
        return table

    def _threshold(
        self,
        model: str,
        target: float,
        comparisons: float,
        wanted: float | None,
        faces: ComparedFaces | None,
    ) -> Threshold:
        if wanted is not None:
            table = self.load_table(model)
            if table is None:
                return Threshold(wanted, wanted, None)
            score = normalised_score(wanted, *self._impostors(table, faces)) - self._penalty(table, faces)
            return Threshold(wanted, wanted, table.fmr_at_score(score))
        table = self.table(model)
        fmr, impostors = target / comparisons, self._impostors(table, faces)
        fitted = table.threshold_between(fmr, *impostors, self._penalty(table, faces))
        return Threshold(fitted, table.threshold_at(target), fmr)

    def _penalty(self, table: CalibrationTable, faces: ComparedFaces | None) -> float:
        if faces is None or table.usual_norm is None or self.mode is CalibrationMode.TABLE:
            return 0.0
        one, other = faces.probe.norm, faces.reference.norm
        if one is None or other is None:
            return 0.0
        # A Python float: the encoder of answers doesn't know NumPy's.
        return float(norm_penalty(one / table.usual_norm, other / table.usual_norm))

    def _impostors(
        self, table: CalibrationTable, faces: ComparedFaces | None
    ) -> tuple[ImpostorDistribution, ImpostorDistribution]:
        """What is known of the impostor scores of both faces."""
        if faces is None or self.mode is CalibrationMode.TABLE:
            return table.prior, table.prior
        prior = table.prior
        return (
            faces.cohort.impostors_of(faces.probe.vector, prior),
            faces.cohort.impostors_of(faces.reference.vector, prior),
        )
