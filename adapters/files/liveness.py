"""An operator's own liveness threshold in a TOML file."""

from functools import partial
from pathlib import Path

from typing_extensions import override

from adapters.files.toml import TomlFiles, write_toml
from application.ports.liveness import LivenessCalibrations
from domain.errors import BrokenModel
from domain.liveness.calibration import LivenessCalibration

write_liveness_calibration = partial(
    write_toml, "# Written by `face-api calibrate-liveness`. What the figures mean: docs/liveness.md\n"
)


class FileLivenessCalibrations(LivenessCalibrations):
    """One file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = TomlFiles(
            LivenessCalibration, lambda _path, _error: BrokenModel("The liveness calibration can't be read.")
        )

    @override
    def load(self) -> LivenessCalibration | None:
        return self._files.load(self._path)
