"""The configurations of the service that are measured."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from application.analysis.analyser import FaceAnalyser
from entrypoints.bootstrap.settings import load_settings
from entrypoints.cli.measuring import in_one_thread
from tests.benchmarks.kernels import OURS
from tests.benchmarks.rig import Rig

_EXACT = {"FACE_INFERENCE": "onnxruntime", "FACE_PRECISION": "float"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """In this process, and as the environment of another."""

    analyser: FaceAnalyser
    environment: Mapping[str, str] = field(default_factory=dict)


def configurations(rig: Rig) -> dict[str, Configuration]:
    """By name: as it is configured, which is the fastest by default, and in float on ONNX Runtime."""
    container = in_one_thread(load_settings({**os.environ, **_EXACT}))
    return {
        OURS: Configuration(rig.analyser),
        f"{OURS}, float on ONNX Runtime": Configuration(container.analyser(), _EXACT),
    }
