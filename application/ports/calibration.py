"""Calibration tables of recognition models."""

from typing import Protocol

from domain.calibration import CalibrationTable


class CalibrationStore(Protocol):
    """Reads calibration tables."""

    def load(self, model: str) -> CalibrationTable | None:
        """The table of a recognition model: the operator's own, else the one that is shipped, else None.

        Raises:
            BrokenModel: the table exists and is not valid.
        """
        ...
