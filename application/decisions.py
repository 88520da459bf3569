"""At which similarity a decision is taken, and how often it is then wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.calibration import CalibrationStore
from domain.calibration import CalibrationTable
from domain.errors import ModelNotCalibrated
from domain.identification import Decision, RankedPerson, identification_fmr, verdict

CAUTION = 2
"""So many times as often as on average, searches of some people err where those of others don't.

The threshold is so much stricter that the rate that the operator accepts is kept with nearly all people, and not on
average only. Measured in docs/accuracy.md.
"""


@dataclass(frozen=True, slots=True)
class Threshold:
    """The least similarity of a match."""

    similarity: float
    fmr: float | None
    """The false match rate of one comparison at it; None for a model without calibration."""


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

    def verification(self, model: str, wanted: float | None = None, comparisons: float = 1) -> Threshold:
        """For comparing a face with another, or with a person.

        Args:
            model: the recogniser's name.
            wanted: a similarity that the request sets instead.
            comparisons: what the person's faces count for; see IdentificationMethod.comparisons.

        Raises:
            ModelNotCalibrated: nobody knows what this model's similarities mean, and none was set.
        """
        return self._threshold(model, self.target_fmr / comparisons, wanted)

    def identification(
        self, model: str, people: int, wanted: float | None = None, comparisons: float = 1
    ) -> Threshold:
        """For naming one of so many people, whose own faces count for so many comparisons.

        It is never looser than a verification. Whoever has more faces enrolled has more chances to be confused,
        so that the threshold for them is higher; it doesn't depend on the faces of others.
        """
        fmr = min(self.target_fmr, identification_fmr(self.target_fpir, people) / CAUTION)
        return self._threshold(model, fmr / comparisons, wanted)

    def decide(self, ranked: Sequence[RankedPerson], searched: int, threshold: Threshold) -> Decision:
        """On people who are ranked best first."""
        return Decision(
            verdict(ranked, threshold.similarity, self.margin),
            tuple(ranked),
            threshold.similarity,
            threshold.fmr,
            searched,
        )

    def _threshold(self, model: str, fmr: float, wanted: float | None) -> Threshold:
        table: CalibrationTable | None = self.calibrations.load(model)
        if wanted is not None:
            return Threshold(wanted, None if table is None else table.fmr_at(wanted))
        if table is None:
            raise ModelNotCalibrated(
                f"The model {model} has no calibration: the operator can make one with face-api calibrate,"
                " or the request can set a threshold."
            )
        return Threshold(table.threshold_at(fmr), fmr)
