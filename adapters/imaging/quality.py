"""Quality measures of an aligned face and its landmarks, without a network."""

import cmath
import math
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from adapters.imaging.alignment import as_points
from application.ports.quality import QualityAssessor
from application.stages import Stage, timed
from domain.faces import Crop, DetectedFace, Landmarks, ScaledImage
from domain.quality import Measure, QualityReport

_Part: TypeAlias = tuple[slice, slice]
_FACE = np.s_[20:104, 20:92]
"""Region of the aligned crop (ArcFace template) with little hair and background."""
_EYES = (np.s_[44:60, 28:48], np.s_[44:60, 64:84])
_CHEEKS = (np.s_[66:84, 26:44], np.s_[66:84, 68:86])
_BURNT = 250
"""Minimum grey level of an over-exposed pixel."""
_LEVELS = np.arange(256, dtype=np.float32)
"""The grey levels."""
_HEAD = np.array(
    [[-0.5, 0, 0], [0.5, 0, 0], [0, 0.645, -0.42], [-0.415, 1.156, -0.05], [0.415, 1.156, -0.05]],
    dtype=np.float64,
)
"""The landmarks of an average head that looks into the camera: right, down, away, in inter-eye distances.

Width and height are those of the ArcFace template, except for the nose, which is where the median photo of
Labeled Faces in the Wild has it; the depth of nose and mouth is roughly an adult's.
"""
_EYES_TO_MOUTH = 1.156
"""Distance in the average head, in inter-eye distances."""
_TO_HEAD = np.linalg.pinv(_HEAD - _HEAD.mean(axis=0))
"""3 x 5."""


class LandmarkQualityAssessor(QualityAssessor):
    """Measures the crop's pixels and the landmarks; takes about a fifth of a millisecond."""

    @override
    @timed(Stage.QUALITY)
    def assess(
        self, image: ScaledImage, face: DetectedFace, crop: Crop, embedding_norm: float = math.nan
    ) -> QualityReport:
        values = {
            Measure.DETECTION_SCORE: face.score,
            Measure.INSIDE: face.box.inside(image.pixels),
            **_of_pixels(crop),
        }
        if face.landmarks is not None:
            values |= _of_landmarks(face.landmarks, image.reduction)
        if not math.isnan(embedding_norm):
            values[Measure.EMBEDDING_NORM] = embedding_norm
        return QualityReport(values)


def _of_pixels(crop: Crop) -> dict[Measure, float]:
    # Few calls that give up the interpreter's lock, as each has to wait for it afterwards: OpenCV's do, twice if they
    # make the array of their result, and numpy's on more than 500 numbers.
    grey = np.empty(crop.shape[:2], dtype=np.uint8)
    cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY, grey)
    pixels = grey[_FACE]
    counts = np.empty((256, 1), dtype=np.float32)
    cv2.calcHist([pixels], [0], None, [256], [0, 256], counts)
    luminance = float(_LEVELS @ counts[:, 0]) / pixels.size  # sums of whole numbers below 2^24: exact
    face = pixels.astype(np.float32)
    smooth = np.empty_like(face)
    cv2.GaussianBlur(face, (0, 0), 1, smooth)
    fine = cv2.norm(face, smooth, cv2.NORM_L1) / face.size
    eyes, cheeks = _mean(grey, *_EYES), _mean(grey, *_CHEEKS)
    return {
        Measure.SHARPNESS: 100 * fine / max(luminance, 1.0),
        Measure.LUMINANCE: luminance,
        Measure.OVER_EXPOSURE: float(counts[_BURNT:].sum()) / pixels.size,
        Measure.EYE_VISIBILITY: (eyes + 5) / (cheeks + 5),  # + 5: in the dark the ratio would be noise
    }


def _mean(grey: NDArray[np.uint8], right: _Part, left: _Part) -> float:
    """Of two parts of one size, each small enough for numpy to keep the lock."""
    return (int(grey[right].sum()) + int(grey[left].sum())) / (2 * grey[right].size)


def _of_landmarks(landmarks: Landmarks, reduction: int) -> dict[Measure, float]:
    right_eye, left_eye, _, right_corner, left_corner = as_points(landmarks)
    eyes = abs(left_eye - right_eye)
    height = abs(right_corner + left_corner - right_eye - left_eye) / 2
    yaw, pitch, roll = head_pose(landmarks)
    return {
        Measure.INTER_EYE_DISTANCE: reduction * max(eyes, height / _EYES_TO_MOUTH),
        Measure.YAW: yaw,
        Measure.PITCH: pitch,
        Measure.ROLL: roll,
    }


def head_pose(landmarks: Landmarks) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a head in degrees: an estimate with an average head and no perspective.

    Roll is the angle of the line through the eyes. With that undone, the 2 x 3 matrix that brings the average
    head's landmarks nearest to the photo's (least squares) is, up to scale, the first two rows of a rotation
    about the vertical (yaw), then the horizontal axis (pitch). It depends mostly on the place of the nose.
    """
    right_eye, left_eye, *_ = as_points(landmarks)
    roll = cmath.phase(left_eye - right_eye)
    upright = cmath.rect(1, -roll)
    # To each axis of the head its direction in the picture; rows of _TO_HEAD sum to 0, so that no mean is subtracted.
    right, down, away = [upright * complex(x, y) for x, y in (_TO_HEAD @ landmarks).tolist()]
    yaw = math.atan2(-away.real, right.real)
    pitch = math.atan2(-away.imag, down.imag)
    return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)
