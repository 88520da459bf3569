"""An operator's own liveness threshold in a TOML file."""

from pathlib import Path
from typing import TypeAlias

import msgspec
import tomli_w
from typing_extensions import override

from application.ports.liveness import LivenessCalibrations
from domain.errors import BrokenModel
from domain.liveness_calibration import LivenessCalibration

Version: TypeAlias = tuple[int, int, int] | None
"""What tells a file from the one that was there before; None for no file."""

HEADER = "# Written by `face-api calibrate-liveness`. What the figures mean: docs/liveness.md\n"


class FileLivenessCalibrations(LivenessCalibrations):
    """One file, which is read again only when it is another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[Version, LivenessCalibration | None] = None, None

    @override
    def load(self) -> LivenessCalibration | None:
        version = _version(self._path)
        known, calibration = self._known
        if known != version:
            calibration = read_liveness_calibration(self._path)
            self._known = version, calibration
        return calibration


def _version(path: Path) -> Version:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BrokenModel("The liveness calibration can't be read.") from error
    return status.st_mtime_ns, status.st_ino, status.st_size


def read_liveness_calibration(path: Path) -> LivenessCalibration | None:
    """The calibration in a file; None when there is no file.

    Raises:
        BrokenModel: it can't be read, or is no calibration.
    """
    try:
        return msgspec.toml.decode(path.read_bytes(), type=LivenessCalibration)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise BrokenModel("The liveness calibration can't be read.") from error


def write_liveness_calibration(calibration: LivenessCalibration, path: Path) -> None:
    """Write a calibration; the file appears whole or not at all.

    Raises:
        OSError: it can't be written.
    """
    part = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(HEADER + tomli_w.dumps(msgspec.to_builtins(calibration)), encoding="utf-8")
    part.replace(path)
