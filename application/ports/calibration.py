"""Where the thresholds of models are kept."""

from typing import Protocol

from domain.calibration import CalibrationTable


class CalibrationStore(Protocol):
    """Calibration tables by the names of recognition models."""

    def load(self, model: str) -> CalibrationTable | None:
        """The table of a model, if it was ever calibrated: the operator's own before any other.

        Raises:
            BrokenModel: the table is there and can't be used.
        """
        ...
