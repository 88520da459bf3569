"""The same weights as a user of OpenCV runs them: our ports on its own FaceDetectorYN and FaceRecognizerSF.

For the benchmark only: a peer to compare with.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Generic, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from adapters.imaging.opencv_threads import use_one_opencv_thread
from application.analysis.analyser import FaceAnalyser
from application.ports.analysis import FaceDetector, FirstPass
from domain.errors import InvalidImage
from domain.faces import Box, Crop, DetectedFace, Image, ScaledImage
from domain.models import Alignment, ModelChoice
from tests.benchmarks.substitute import substituted

T = TypeVar("T")

LONG_SIDE = 640
"""Larger images are shrunk to it, as ours are."""
_SCORE, _OVERLAP, _CANDIDATES = 0.7, 0.3, 5000
"""Our own threshold (OpenCV's, 0.9, finds fewer faces); the others are OpenCV's defaults."""


def prepare_opencv() -> None:
    """One thread an image, as the service has it, and no warnings about what OpenCV will be able to do."""
    use_one_opencv_thread()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


class PerThread(Generic[T]):
    """OpenCV's networks serve one thread each."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made = threading.local()

    def get(self) -> T:
        """This thread's."""
        if not hasattr(self._made, "value"):
            self._made.value = self._make()
        value: T = self._made.value
        return value


class OpenCvDecoder:
    """Implements ImageDecoder; upright, by the EXIF orientation."""

    def decode(self, data: bytes) -> Image:
        """See ImageDecoder."""
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise InvalidImage("The file is not an image that OpenCV reads.")
        return np.asarray(image, dtype=np.uint8)

    def decode_reduced(self, data: bytes, long_side: int, max_reduction: int = 8) -> ScaledImage:
        """See ImageDecoder: it always decodes all of the image."""
        return ScaledImage(self.decode(data))


class OpenCvDetector:
    """Implements FaceDetector with FaceDetectorYN, which is given each image at its own size."""

    def __init__(self, model: Path, name: str) -> None:
        self.name = name
        self._network = PerThread(
            lambda: cv2.FaceDetectorYN.create(
                str(model), "", (LONG_SIDE, LONG_SIDE), _SCORE, _OVERLAP, _CANDIDATES
            )
        )

    def detect(
        self, image: Image, *, largest_only: bool = False, min_face: float | None = None
    ) -> list[DetectedFace]:
        """See FaceDetector."""
        height, width = image.shape[:2]
        scale = min(1.0, LONG_SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        picture = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        network = self._network.get()
        network.setInputSize(size)
        _, rows = network.detect(picture)
        return [] if rows is None else [_face(row, scale) for row in rows]

    def detect_first(self, image: Image, *, largest_only: bool = False) -> FirstPass:
        """See FaceDetector.detect_first."""
        return FaceDetector.detect_first(self, image, largest_only=largest_only)

    def detect_coarsely(self, image: Image) -> DetectedFace | None:
        """See FaceDetector: none, as there are no estimates either."""
        return None


def _face(row: NDArray[np.float32], scale: float) -> DetectedFace:
    box = Box(*(float(value / scale) for value in row[:4]))
    return DetectedFace(box, float(row[14]), (row[4:14] / np.float32(scale)).reshape(5, 2))


class OpenCvRecogniser:
    """Implements FaceAligner and FaceEmbedder with FaceRecognizerSF."""

    dimensions = 128
    estimates = False

    def __init__(self, model: Path, name: str) -> None:
        self.name = name
        self._network = PerThread(lambda: cv2.FaceRecognizerSF.create(str(model), ""))

    def align(self, image: Image, face: DetectedFace) -> Crop:
        """See FaceAligner."""
        box, landmarks = face.box, face.landmarks
        if landmarks is None:
            raise ValueError("FaceRecognizerSF aligns by landmarks.")
        row = np.array([box.x, box.y, box.width, box.height, *landmarks.ravel(), face.score], np.float32)
        return np.asarray(self._network.get().alignCrop(image, row), dtype=np.uint8)

    def locate(self, image: Image, face: DetectedFace) -> DetectedFace:
        """See FaceAligner."""
        return face

    @property
    def usual_norm(self) -> float | None:
        """See FaceEmbedder."""
        return None

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        return self.directions(self.embed_raw(crops))

    def embed_raw(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        network = self._network.get()
        vectors = [network.feature(crop)[0] for crop in crops]
        return np.array(vectors, dtype=np.float32).reshape(len(vectors), self.dimensions)

    def estimate(self, crops: Sequence[Crop], *, closely: bool = False) -> NDArray[np.float32] | None:
        """See FaceEmbedder."""
        return None

    def directions(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        unit: NDArray[np.float32] = raw / np.linalg.norm(raw, axis=1, keepdims=True)
        return unit

    def relative_norms(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """See FaceEmbedder."""
        return np.full(len(raw), np.nan, dtype=np.float32)


def opencv_analyser(
    ours: FaceAnalyser, choice: ModelChoice, detection: Path, recognition: Path
) -> FaceAnalyser:
    """Our pipeline with OpenCV at every stage; the files are those of tests/benchmarks/weights.py."""
    detector = OpenCvDetector(detection, choice.detection)
    recogniser = OpenCvRecogniser(recognition, choice.recognition)
    return replace(
        ours,
        decoder=OpenCvDecoder(),
        aligners=dict.fromkeys(Alignment, recogniser),
        models=substituted(ours.models, lambda _: detector, lambda _: recogniser),
    )
