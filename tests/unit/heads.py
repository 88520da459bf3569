"""Heads of five points in space, as a camera sees them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from domain.faces import Embedding, Landmarks
from domain.liveness.head_motion import HeadShape
from domain.liveness.movements import Movement
from domain.liveness.session import FaceInFrame, Frame

HEAD = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.645, -0.42], [-0.415, 1.156, -0.05], [0.415, 1.156, -0.05]])
"""Right, down, away; in inter-eye distances. See adapters/imaging/quality.py."""
MODEL = "recogniser"
ANN = Embedding.of(np.array([1.0, 0.0, 0.0]), MODEL)
BOB = Embedding.of(np.array([0.0, 1.0, 0.0]), MODEL)


def turned(yaw: float = 0.0, pitch: float = 0.0, head: NDArray[np.float64] = HEAD) -> NDArray[np.float64]:
    """5 x 2: what a distant camera sees. Yaw is positive to the person's left, pitch when the chin is raised."""
    a, b = np.radians([yaw, pitch])
    about_vertical = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    about_ears = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    return np.asarray((head @ (about_vertical @ about_ears).T)[:, :2], dtype=np.float64)


def landmarks(points: NDArray[np.float64]) -> Landmarks:
    return np.asarray(100 * points + [320, 240], dtype=np.float32)


def shape(points: NDArray[np.float64]) -> HeadShape:
    found = HeadShape.of(landmarks(points))
    assert found is not None
    return found


FRONT = FaceInFrame(shape(turned()), roll=0.0, of_picture=0.1, pixels=64.0, embedding=ANN)
SHOWN = {
    Movement.LEFT: replace(FRONT, shape=shape(turned(yaw=45))),
    Movement.RIGHT: replace(FRONT, shape=shape(turned(yaw=-45))),
    Movement.UP: replace(FRONT, shape=shape(turned(pitch=25))),
    Movement.CLOSER: replace(FRONT, of_picture=0.15, pixels=96.0),
}


def frame(at: float, mark: int, face: FaceInFrame | None = FRONT) -> Frame:
    return Frame(at, mark, face)
