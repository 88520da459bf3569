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
from domain.head_motion import HeadShape
from domain.liveness_session import FaceInFrame, Frame, PassiveCheck
from domain.models import Alignment, ModelChoice

_BYSTANDER = 0.25
"""The area of another face, in that of the largest, from which on nobody knows whose session it is."""
_GRID = 64
"""Steps of a pixel: pictures whose landmarks and size agree so closely are one and the same picture."""
_MARK_BYTES = 6
"""So few that a mark is exact in JSON."""


@dataclass(frozen=True, slots=True)
class FrameAnalyser:
    """Measures frames. Synchronous: call it in a worker. The picture is not kept."""

    analyser: FaceAnalyser

    def passive(self, *, enforced: bool) -> PassiveCheck | None:
        """What anti-spoofing models ask for; None if none is installed."""
        detector = self._spoof_detector()
        return None if detector is None else PassiveCheck(detector.threshold, enforced)

    def measure(self, data: bytes, models: ModelChoice) -> Frame:
        """The frame, at 0 seconds.

        Raises:
            InvalidImage, ImageTooLarge, ModelNotInstalled, BrokenModel: as FaceAnalyser.detect.
        """
        several = False

        def subject(faces: Sequence[DetectedFace], image: Image) -> list[DetectedFace]:
            nonlocal several
            if not faces:
                return []
            main = largest(faces, image)
            several = any(face is not main and face.box.area > _BYSTANDER * main.box.area for face in faces)
            return [] if several else [main]

        spoof_detector = self._spoof_detector()
        sight = self.analyser.see(data, models.detection, subject, whole=spoof_detector is not None)
        if not sight.faces:
            return Frame(0.0, _mark(data), None, several=several)
        face = self.analyser.aligner(models.recognition).locate(sight.image.pixels, sight.faces[0])
        shape = None if face.landmarks is None else HeadShape.of(face.landmarks)
        if face.landmarks is None or shape is None:
            return Frame(0.0, _mark(data), None)
        # The landmarks are as precise as the recogniser wants them already.
        crop = self.analyser.aligners[Alignment.DETECTED].align(sight.image.pixels, face)
        (vector,) = self.analyser.models.embedder(models.recognition).embed([crop])
        spread = float(np.sqrt(np.square(face.landmarks - face.landmarks.mean(axis=0)).sum(axis=1).mean()))
        eyes = face.landmarks[1] - face.landmarks[0]
        measured = FaceInFrame(
            shape=shape,
            roll=math.degrees(math.atan2(eyes[1], eyes[0])),
            of_picture=spread / max(sight.image.pixels.shape[:2]),
            pixels=spread * sight.image.reduction,
            embedding=Embedding(vector, models.recognition),
            passive=None
            if spoof_detector is None
            else spoof_detector.score(sight.image.pixels, sight.faces[0]),
        )
        return Frame(0.0, _mark_of(face.landmarks, sight.image.pixels), measured)

    def _spoof_detector(self) -> SpoofDetector | None:
        try:
            return self.analyser.gate.detector()
        except ModelNotInstalled:
            return None


def _mark_of(landmarks: Landmarks, image: Image) -> int:
    """Equal for the same picture, however its file was written again without loss."""
    places = np.rint(landmarks * _GRID).astype("<i4")
    return _mark(places.tobytes() + repr(image.shape).encode())


def _mark(data: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(data, digest_size=_MARK_BYTES).digest(), "big")
