"""A liveness session: one head makes a random sequence of movements in front of the camera.

States and data of the session; domain/liveness/transitions.py has the transitions. Failure is final: a new attempt
needs a new session with other movements.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from domain.faces import Embedding
from domain.liveness.detection import pooled
from domain.liveness.errors import FrameTooSoon, LivenessSessionClosed
from domain.liveness.head_motion import HeadShape
from domain.liveness.movements import Movement

_WINDOW_S = 1.0
"""Window in which the frame rate is measured."""


class SessionState(StrEnum):
    """State of a session."""

    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"
    USED = "used"
    """Passed, and consumed by a request."""


class SessionFailure(StrEnum):
    """Why a session failed."""

    DEADLINE_PASSED = "deadline_passed"
    TOO_MANY_FRAMES = "too_many_frames"
    REPEATED_FRAME = "repeated_frame"
    INTERRUPTED = "interrupted"
    """The face was out of view for too long, so that it may have been exchanged."""
    OTHER_FACE = "other_face"
    WRONG_MOVEMENT = "wrong_movement"
    PRESENTATION_ATTACK = "presentation_attack"
    """By the anti-spoofing models, where the operator enforces them."""


class Hint(StrEnum):
    """Advice for the person in front of the camera."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    FACE_CAMERA = "face_camera"
    """The first frames must show a frontal face."""
    UNCLEAR = "unclear"
    """The frame was not clear enough."""
    MOVE = "move"
    """Make the next movement."""


@dataclass(frozen=True, slots=True)
class SessionRules:
    """Limits of a session, set by the operator."""

    deadline_s: float
    """From its beginning to the end of the last movement."""
    gap_s: float
    """Longest time between two frames that show the face."""
    frames: int
    rate: int
    """Frames a second."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Similarity thresholds for the identity of the face across frames."""

    other: float
    """Below it, the frame shows somebody else, whatever the pose."""
    same: float
    """Lowest similarity to the frontal face of a frame that counts."""
    tilted: float
    """Lowest similarity of a face with raised chin to the mean of its other views."""
    certain: float
    """The same for a face turned to a side and for two frontal faces, which are more alike."""


@dataclass(frozen=True, slots=True)
class PassiveCheck:
    """Passive presentation attack detection on the frontal frames."""

    threshold: float
    enforced: bool


@dataclass(frozen=True, slots=True)
class FaceInFrame:
    """Measurements of the face in a frame."""

    shape: HeadShape
    roll: float
    """Angle of the line through the eyes, in degrees."""
    of_picture: float
    """Size: spread of the landmarks relative to the picture's longer side."""
    pixels: float
    """The same in pixels."""
    embedding: Embedding
    passive: float | None = None
    """Pooled score of the anti-spoofing models, if any are installed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Measurements of one frame."""

    at: float
    """Seconds since the session began."""
    mark: int
    """Fingerprint of the picture: equal pictures have equal marks."""
    face: FaceInFrame | None
    several: bool = False
    """Whether the frame shows several faces without a clear subject."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Reference pose: the head facing the camera."""

    shape: HeadShape
    roll: float
    """Of the first frame."""
    of_picture: float
    pixels: float
    frames: int
    """Number of frames averaged."""


@dataclass(frozen=True, slots=True)
class LivenessSession:
    """State of a session; it holds no image."""

    movements: tuple[Movement, ...]
    mirrored: bool = False
    """Whether frames are mirrored, as in a camera preview."""
    state: SessionState = SessionState.OPEN
    failure: SessionFailure | None = None
    hint: Hint = Hint.FACE_CAMERA
    done: int = 0
    """Number of movements made."""
    marks: tuple[int, ...] = ()
    """Of all frames, in order."""
    times: tuple[float, ...] = ()
    """Of the frames of the last second."""
    seen_at: float = 0.0
    """Time of the last frame that showed the face."""
    seen: int = 0
    """Number of frames with the face, from the first frontal one."""
    unclear: int = 0
    """Number of frames whose face is not clearly the same."""
    reference: Reference | None = None
    passive: tuple[float, ...] = ()
    """Scores of frontal frames."""
    views: tuple[Embedding, ...] = ()
    """Embeddings of the frontal face and of each movement. Emptied when the session fails or is used."""

    @property
    def frames(self) -> int:
        """The number of frames that were taken."""
        return len(self.marks)

    @property
    def next(self) -> Movement | None:
        """The movement that is to be made now."""
        return self.movements[self.done] if self.state is SessionState.OPEN else None

    @property
    def passive_score(self) -> float | None:
        """Pooled score of all frames, 0..1; None without anti-spoofing models."""
        return pooled(self.passive) if self.passive else None

    def failed(self, failure: SessionFailure) -> "LivenessSession":
        """The failed session, with all data on the face removed."""
        return replace(self, state=SessionState.FAILED, failure=failure, views=(), reference=None)

    def used(self) -> "LivenessSession":
        """The session used by a request, with all data on the face removed."""
        return replace(self, state=SessionState.USED, views=(), reference=None)

    def expect_frame(self, at: float, rules: SessionRules) -> None:
        """Check that the session accepts a frame now.

        Raises:
            LivenessSessionClosed: it has ended.
            FrameTooSoon: the frame rate is exceeded, or a later frame was taken already.
        """
        if self.state is not SessionState.OPEN:
            raise LivenessSessionClosed
        recent = [time for time in self.times if time > at - _WINDOW_S]
        if len(recent) >= rules.rate or (recent and at <= max(recent)):
            raise FrameTooSoon

    def counted(self, at: float, mark: int) -> "LivenessSession":
        """The session with one more frame taken."""
        recent = (time for time in self.times if time > at - _WINDOW_S)
        return replace(self, marks=(*self.marks, mark), times=(*recent, at))

    def late(self, at: float, rules: SessionRules) -> "LivenessSession":
        """The session at time `at`: open sessions fail once their deadline has passed."""
        if self.state is SessionState.OPEN and at > rules.deadline_s:
            return self.failed(SessionFailure.DEADLINE_PASSED)
        return self


@dataclass(frozen=True, slots=True)
class SessionEvidence:
    """Evidence that the face of a photo is the one of a passed session."""

    similarity: float
    """Similarity of the photo's face to the session's."""
    threshold: float
    movements: tuple[Movement, ...]
    passive_score: float | None
