"""One frame of a liveness session: from an image file to what is measured of the face in it."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from application.analysis.analyser import FaceAnalyser
from application.ports.liveness import SpoofDetector
from domain.errors import ModelNotInstalled
from domain.faces import DetectedFace, Embedding, Image, Landmarks, largest
from domain.liveness.head_motion import HeadShape
from domain.liveness.session import FaceInFrame, Frame, PassiveCheck
from domain.models import Alignment, ModelChoice

_BYSTANDER = 0.25
"""The area of another face, by that of the largest, from which on it isn't clear whose session it is."""
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
        spoof_detector = self._spoof_detector()
        located = self.analyser.locate(data, models.detection, _subject, whole=spoof_detector is not None)
        if not located.faces:
            return Frame(0.0, _mark(data), None, several=located.left_out > 0)
        image = located.image
        face = self.analyser.aligner(models.recognition).locate(image.pixels, located.faces[0])
        shape = None if face.landmarks is None else HeadShape.of(face.landmarks)
        if face.landmarks is None or shape is None:
            return Frame(0.0, _mark(data), None)
        # The landmarks are as precise as the recogniser wants them already.
        crop = self.analyser.aligners[Alignment.DETECTED].align(image.pixels, face)
        (vector,) = self.analyser.models.embedder(models.recognition).embed([crop])
        spread = float(np.sqrt(np.square(face.landmarks - face.landmarks.mean(axis=0)).sum(axis=1).mean()))
        eyes = face.landmarks[1] - face.landmarks[0]
        measured = FaceInFrame(
            shape=shape,
            roll=math.degrees(math.atan2(eyes[1], eyes[0])),
            of_picture=spread / max(image.pixels.shape[:2]),
            pixels=spread * image.reduction,
            embedding=Embedding(vector, models.recognition),
            passive=None if spoof_detector is None else spoof_detector.score(image.pixels, located.faces[0]),
        )
        return Frame(0.0, _mark_of(face.landmarks, image.pixels), measured)

    def _spoof_detector(self) -> SpoofDetector | None:
        try:
            return self.analyser.gate.detector()
        except ModelNotInstalled:
            return None


def _subject(faces: Sequence[DetectedFace], image: Image) -> list[DetectedFace]:
    """The face whose session it is; none where there are several large ones."""
    if not faces:
        return []
    main = largest(faces, image)
    several = any(face is not main and face.box.area > _BYSTANDER * main.box.area for face in faces)
    return [] if several else [main]


def _mark_of(landmarks: Landmarks, image: Image) -> int:
    """Equal for the same picture, however its file was written again without loss."""
    places = np.rint(landmarks * _GRID).astype("<i4")
    return _mark(places.tobytes() + repr(image.shape).encode())


def _mark(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=_MARK_BYTES).digest(), "big")
