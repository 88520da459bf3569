"""What adapter a family of models has, and how its graph is prepared."""

from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from adapters.onnx.detectors.retinaface import RetinaFaceDetector
from adapters.onnx.detectors.scrfd import ScrfdDetector
from adapters.onnx.detectors.ultralight import UltraLightDetector
from adapters.onnx.detectors.yunet.detector import YuNetDetector
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from adapters.onnx.graphs.preparation import FreeAxes
from adapters.onnx.recognisers.arcface import ArcFaceEmbedder
from adapters.onnx.recognisers.crop_embedder import CropEmbedder
from adapters.onnx.recognisers.sface import SFaceEmbedder
from adapters.onnx.session import InferenceSession
from application.ports.analysis import FaceDetector

T = TypeVar("T")
Families: TypeAlias = Mapping[str, tuple[FreeAxes, Callable[[InferenceSession, str], T]]]
"""By family: the axes of the graph to free, and what makes the adapter from a session and the model's name."""

DETECTORS: Families[FaceDetector] = {
    "yunet": (
        FreeAxes.BATCH | FreeAxes.SIZE,
        lambda session, name: YuNetDetector(YuNetNetwork(session), name),
    ),
    "ultralight": (FreeAxes.NONE, UltraLightDetector),
    "scrfd": (FreeAxes.NONE, ScrfdDetector),
    "retinaface": (FreeAxes.NONE, RetinaFaceDetector),
}

WITHOUT_LANDMARKS = frozenset({"ultralight"})
"""Families of detectors that find boxes only."""

LANDMARKS_FROM = "yunet"
"""The detector that finds landmarks for those, and refines everybody's; it is always installed."""

EMBEDDERS: Families[CropEmbedder] = {
    "sface": (FreeAxes.BATCH, SFaceEmbedder),
    "arcface": (FreeAxes.BATCH, ArcFaceEmbedder),
}

SPOOF_DETECTORS: Mapping[str, float] = {"minifasnet_v2": 2.7, "minifasnet_v1se": 4.0}
"""By family: the side of the network's crop, in sides of the face's box."""

FREE_AXES: Mapping[str, FreeAxes] = {
    **{family: free for family, (free, _) in [*DETECTORS.items(), *EMBEDDERS.items()]},
    **dict.fromkeys(SPOOF_DETECTORS, FreeAxes.BATCH),
}
"""By family: the axes of the graph to free."""
