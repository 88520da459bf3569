"""At which similarity a decision is taken, and how often it is then wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.ports.calibration import CalibrationStore
from domain.calibration import CalibrationTable
from domain.errors import ModelNotCalibrated
from domain.identification import Decision, RankedPerson, identification_fmr, verdict

CAUTION = 2
"""Strangers are not alike: those who resemble many people make a search err up to 1.5 times as often as comparisons
of average people would. Measured on lfw-dev, 200 strangers among 200 people."""


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

    def verification(self, model: str, wanted: float | None = None) -> Threshold:
        """For comparing two faces.

        Args:
            model: the recogniser's name.
            wanted: a similarity that the request sets instead.

        Raises:
            ModelNotCalibrated: nobody knows what this model's similarities mean, and none was set.
        """
        return self._threshold(model, self.target_fmr, wanted)

    def identification(self, model: str, people: int, wanted: float | None = None) -> Threshold:
        """For a search among so many people: it is never looser than a verification."""
        fmr = min(self.target_fmr, identification_fmr(self.target_fpir, people) / CAUTION)
        return self._threshold(model, fmr, wanted)

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
