"""The real model files that tests run: those of the installation, and those among the assets."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path

from adapters.onnx.detectors.landmarks import LandmarkedDetector
from adapters.onnx.engines.choice import Engine
from adapters.onnx.families import DETECTORS, EMBEDDERS, LANDMARKS_FROM, WITHOUT_LANDMARKS
from adapters.onnx.graphs.cache import PreparedModels
from adapters.onnx.graphs.preparation import FreeAxes
from adapters.onnx.session import InferenceSession
from application.ports.analysis import FaceDetector, FaceEmbedder
from domain.models import Precision
from tests.conftest import SFACE_FILE, YUNET_FILE, packaged

INT8 = "_int8"
"""After a family: its network in int8."""
PACKAGED = {"yunet": YUNET_FILE, "sface": SFACE_FILE}
AMONG_ASSETS = {
    "ultralight": "version-RFB-640.onnx",
    "scrfd": "scrfd_500m_bnkps.onnx",
    "arcface": "arcface_mobilefacenet_128.onnx",
}
"""A file of the family. There is none of `retinaface`."""
REAL_DETECTORS = ["yunet", "ultralight", "scrfd"]
REAL_EMBEDDERS = ["sface", "sface_int8", "arcface"]


@dataclass(frozen=True)
class ModelFolder:
    """Files by family, and the adapters that run them as the library puts them together."""

    assets: Callable[[], Path]
    """Skips the test where there are none."""
    prepared: PreparedModels
    engine: Engine

    def read(self, family: str) -> bytes:
        if family in PACKAGED:
            return packaged(PACKAGED[family])
        return (self.assets() / "models" / AMONG_ASSETS[family]).read_bytes()

    def detector(self, family: str, source: bytes | None = None) -> FaceDetector:
        free, build = DETECTORS[family]
        detector = build(self.session(source or self.read(family), free), family)
        if family in WITHOUT_LANDMARKS:
            return LandmarkedDetector(detector, self.detector(LANDMARKS_FROM))
        return detector

    def embedder(self, name: str, source: bytes | None = None) -> FaceEmbedder:
        family = name.removesuffix(INT8)
        free, build = EMBEDDERS[family]
        precision = Precision.FLOAT if family == name else Precision.INT8
        return build(self.session(source or self.read(family), free, precision), name)

    def session(
        self, source: bytes, free: FreeAxes, precision: Precision = Precision.FLOAT
    ) -> InferenceSession:
        """That of all tests: they change nothing in it, and it takes long to make."""
        return self._session(source, free, precision)

    @cached_property
    def _session(self) -> Callable[[bytes, FreeAxes, Precision], InferenceSession]:
        return lru_cache(maxsize=12)(partial(self.engine.load, self.prepared))
