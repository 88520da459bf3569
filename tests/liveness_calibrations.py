"""LivenessCalibrations in memory."""

from dataclasses import dataclass

from typing_extensions import override

from application.ports.liveness import LivenessCalibrations
from domain.liveness.calibration import LivenessCalibration


@dataclass
class InMemoryLivenessCalibrations(LivenessCalibrations):
    """One calibration, or none."""

    calibration: LivenessCalibration | None = None

    @override
    def load(self) -> LivenessCalibration | None:
        return self.calibration
