"""A liveness session: frames in which one and the same head makes the movements that were drawn, in their order.

The states and what is known in each; domain/liveness_progress.py has the transitions. A session that has failed
stays failed: whoever tries again gets other movements.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from domain.faces import Embedding
from domain.head_motion import HeadShape
from domain.liveness import pooled
from domain.liveness_errors import FrameTooSoon, LivenessSessionClosed
from domain.movements import Movement

_WINDOW_S = 1.0
"""In which frames are counted for their rate."""


class SessionState(StrEnum):
    """Where a session is."""

    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"
    USED = "used"
    """It was passed, and a request has used it."""


class Failure(StrEnum):
    """Why a session failed."""

    DEADLINE_PASSED = "deadline_passed"
    TOO_MANY_FRAMES = "too_many_frames"
    REPEATED_FRAME = "repeated_frame"
    INTERRUPTED = "interrupted"
    """The face was not seen for too long: what happened meanwhile nobody knows."""
    OTHER_FACE = "other_face"
    WRONG_MOVEMENT = "wrong_movement"
    PRESENTATION_ATTACK = "presentation_attack"
    """Anti-spoofing models say so, where the operator enforces them."""


class Hint(StrEnum):
    """What to tell the person."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    FACE_CAMERA = "face_camera"
    """The first frames have to show the face from the front."""
    UNCLEAR = "unclear"
    """The frame was not good enough to say anything."""
    MOVE = "move"
    """Do what comes next."""


@dataclass(frozen=True, slots=True)
class SessionRules:
    """What a session has to keep to; the operator's."""

    deadline_s: float
    """From its beginning to the end of the last movement."""
    gap_s: float
    """The longest time between two frames with the face."""
    frames: int
    rate: int
    """Frames a second."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Similarities that decide whether it is the same face."""

    other: float
    """Below it, a frame shows somebody else, however it was taken."""
    same: float
    """The least of a frame that counts, to the face from the front."""
    tilted: float
    """The least of a face with the chin up, to the mean of its other views."""
    certain: float
    """The same of a face turned to a side, whose other views are more like it; and of two from the front."""


@dataclass(frozen=True, slots=True)
class PassiveCheck:
    """What anti-spoofing models say of the frames that show the face from the front."""

    threshold: float
    enforced: bool


@dataclass(frozen=True, slots=True)
class FaceInFrame:
    """The face of a frame."""

    shape: HeadShape
    roll: float
    """Of the line through the eyes, in degrees."""
    of_picture: float
    """Its size: the spread of the landmarks in relation to the picture's longer side."""
    pixels: float
    """The same in pixels."""
    embedding: Embedding
    passive: float | None = None
    """The score of anti-spoofing models, if there are any."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it was measured."""

    at: float
    """Seconds since the session began."""
    mark: int
    """Equal for equal pictures."""
    face: FaceInFrame | None
    several: bool = False
    """There were several faces, so that none is meant."""

    def come(self, at: float) -> "Frame":
        """The same frame at a time."""
        return replace(self, at=at)


@dataclass(frozen=True, slots=True)
class Reference:
    """What the head was like when it faced the camera."""

    shape: HeadShape
    roll: float
    """Of the first frame."""
    of_picture: float
    pixels: float
    frames: int
    """That it is the mean of."""


@dataclass(frozen=True, slots=True)
class LivenessSession:
    """What is known of a session. Nothing in it is a picture."""

    movements: tuple[Movement, ...]
    mirrored: bool = False
    """Whether the pictures are mirrored, as a screen shows people to themselves."""
    state: SessionState = SessionState.OPEN
    failure: Failure | None = None
    hint: Hint = Hint.FACE_CAMERA
    done: int = 0
    """The movements that were made."""
    marks: tuple[int, ...] = ()
    """Of all frames, in their order."""
    times: tuple[float, ...] = ()
    """Of the frames of the last second."""
    seen_at: float = 0.0
    """When the face was seen last."""
    seen: int = 0
    """Frames with the face, from the first from the front."""
    doubtful: int = 0
    """Frames with a face that could be another."""
    reference: Reference | None = None
    passive: tuple[float, ...] = ()
    """Scores of frames that show the face from the front."""
    views: tuple[Embedding, ...] = ()
    """The face from the front, and in each movement that was made. Empty once the session has failed or was used."""

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
        """Of all frames together, 0..1; None if no anti-spoofing model looked at any."""
        return pooled(self.passive) if self.passive else None

    def failed(self, failure: Failure) -> "LivenessSession":
        """The session's end; of the face nothing stays."""
        return replace(self, state=SessionState.FAILED, failure=failure, views=(), reference=None)

    def used(self) -> "LivenessSession":
        """After a request has used it; of the face nothing stays."""
        return replace(self, state=SessionState.USED, views=(), reference=None)

    def expect_frame(self, at: float, rules: SessionRules) -> None:
        """Do nothing if the session can take a frame now.

        Raises:
            LivenessSessionClosed: it has its verdict.
            FrameTooSoon: it has had as many as it takes in a second, or later ones.
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
        """The session at a time: an open one fails when its deadline has passed."""
        if self.state is SessionState.OPEN and at > rules.deadline_s:
            return self.failed(Failure.DEADLINE_PASSED)
        return self


@dataclass(frozen=True, slots=True)
class SessionEvidence:
    """That the face of a photo was in a session that was passed."""

    similarity: float
    """Of the photo's face and the session's."""
    threshold: float
    movements: tuple[Movement, ...]
    passive_score: float | None
