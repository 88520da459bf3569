"""The configurations of the service that are measured."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from application.analysis.analyser import FaceAnalyser
from application.errors import StartupError
from entrypoints.bootstrap.settings import load_settings
from entrypoints.cli.measuring import in_one_thread
from tests.benchmarks.kernels import OURS
from tests.benchmarks.rig import Rig

_FAST = {"FACE_INFERENCE": "openvino", "FACE_RECOGNITION_MODEL": "sface_int8"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """In this process, and as the environment of another."""

    analyser: FaceAnalyser
    environment: Mapping[str, str] = field(default_factory=dict)


def configurations(rig: Rig) -> dict[str, Configuration]:
    """By name: as it is configured and, if OpenVINO is installed, as fast as it can be."""
    found = {OURS: Configuration(rig.analyser)}
    with suppress(StartupError):
        container = in_one_thread(load_settings({**os.environ, **_FAST}))
        found[f"{OURS}, sface_int8 on OpenVINO"] = Configuration(container.analyser(), _FAST)
    return found
