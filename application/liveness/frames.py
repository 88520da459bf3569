"""One frame of a liveness session: from an image file to what is measured of the face in it."""

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from application.analysis.analyser import FaceAnalyser
from application.ports.extraction import ExtractionOptions
from domain.errors import ModelNotInstalled
from domain.faces import Embedding, Landmarks
from domain.liveness.head_motion import HeadShape
from domain.liveness.session import FaceInFrame, Frame, PassiveCheck
from domain.models import ModelChoice

_GRID = 64
"""Steps a pixel: pictures of one size whose landmarks agree to a step are one and the same picture."""
_MARK_BYTES = 6
"""Of a mark: few enough for an exact number in JSON."""


@dataclass(frozen=True, slots=True)
class FrameAnalyser:
    """Measures frames. Synchronous: call it in a worker. The picture is not stored."""

    analyser: FaceAnalyser

    def passive(self, *, enforced: bool) -> PassiveCheck | None:
        """What anti-spoofing models demand of frames; None if none is installed."""
        try:
            return PassiveCheck(self.analyser.gate.threshold(), enforced)
        except ModelNotInstalled:
            return None

    def measure(self, data: bytes, models: ModelChoice) -> Frame:
        """The frame, at 0 seconds.

        Raises:
            InvalidImage, ImageTooLarge, ModelNotInstalled, BrokenModel: as FaceAnalyser.detect.
        """
        photo = self.analyser.extractor.extract(
            data,
            ExtractionOptions(
                detection=models.detection,
                lone=True,
                alignment=self.analyser.models.alignment(models.recognition),
                examined=self._examines(),
            ),
        )
        if not photo.faces:
            return Frame(0.0, _mark(data), None, several=photo.left_out > 0)
        (face,) = photo.faces
        shape = None if face.landmarks is None else HeadShape.of(face.landmarks)
        if face.landmarks is None or shape is None or face.crop is None:
            return Frame(0.0, _mark(data), None)
        (vector,) = self.analyser.models.embedder(models.recognition).embed([face.crop])
        spread = float(np.sqrt(np.square(face.landmarks - face.landmarks.mean(axis=0)).sum(axis=1).mean()))
        eyes = face.landmarks[1] - face.landmarks[0]
        measured = FaceInFrame(
            shape=shape,
            roll=math.degrees(math.atan2(eyes[1], eyes[0])),
            of_picture=spread / max(photo.height, photo.width),
            pixels=spread * photo.reduction,
            embedding=Embedding(vector, models.recognition),
            passive=None if face.examination is None else face.examination.score,
        )
        return Frame(0.0, _mark_of(face.landmarks, (photo.height, photo.width, 3)), measured)

    def _examines(self) -> bool:
        """Whether there is an anti-spoofing model."""
        try:
            self.analyser.gate.detector()
        except ModelNotInstalled:
            return False
        return True


def _mark_of(landmarks: Landmarks, shape: tuple[int, ...]) -> int:
    """Equal for the same picture, however its file was written again without loss."""
    places = np.rint(landmarks * _GRID).astype("<i4")
    return _mark(places.tobytes() + repr(shape).encode())


def _mark(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=_MARK_BYTES).digest(), "big")
