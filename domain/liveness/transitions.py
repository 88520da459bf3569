"""Transitions of the liveness session's state machine: one frame at a time.

Pure functions on measured frames, without clock, storage or images.
"""

from dataclasses import replace

import numpy as np

from domain.faces import Embedding
from domain.liveness.head_change import HeadChange, frontal
from domain.liveness.head_motion import motion
from domain.liveness.movements import Movement
from domain.liveness.session import (
    FaceInFrame,
    Frame,
    Hint,
    Likeness,
    LivenessSession,
    PassiveCheck,
    Reference,
    SessionFailure,
    SessionRules,
    SessionState,
)

_MOST_AVERAGED = 5
"""Number of frames averaged into the reference pose."""
_MIN_UNCLEAR = 3
_UNCLEAR_SHARE = 1 / 3
"""Allowed frames in which the face is not clearly the same: a fixed number, plus a share of the clear ones."""


def advance(
    session: LivenessSession,
    frame: Frame,
    rules: SessionRules,
    likeness: Likeness,
    passive: PassiveCheck | None = None,
) -> LivenessSession:
    """The session after one more frame.

    Raises:
        LivenessSessionClosed, FrameTooSoon: the frame is not taken, and nothing changes.
    """
    session.expect_frame(frame.at, rules)
    if broken := _broken(session, frame, rules):
        return session.failed(broken)
    session = session.counted(frame.at, frame.mark)
    if frame.face is None:
        return replace(session, hint=Hint.SEVERAL_FACES if frame.several else Hint.NO_FACE)
    if session.reference is None:
        return _begun(session, frame.at, frame.face)
    return _moved(session, session.reference, frame.at, frame.face, likeness, passive)


def _broken(session: LivenessSession, frame: Frame, rules: SessionRules) -> SessionFailure | None:
    """The rule that the frame breaks by arriving now, if any."""
    if frame.at > rules.deadline_s:
        return SessionFailure.DEADLINE_PASSED
    if frame.mark in session.marks:
        return SessionFailure.REPEATED_FRAME
    if session.frames >= rules.frames:
        return SessionFailure.TOO_MANY_FRAMES
    if session.reference is not None and frame.at - session.seen_at > rules.gap_s:
        return SessionFailure.INTERRUPTED
    return None


def _begun(session: LivenessSession, at: float, face: FaceInFrame) -> LivenessSession:
    if not frontal(face.shape):
        return replace(session, hint=Hint.FACE_CAMERA)
    return replace(
        session,
        hint=Hint.MOVE,
        seen_at=at,
        seen=1,
        reference=Reference(face.shape, face.roll, face.of_picture, face.pixels, 1),
        views=(face.embedding,),
        passive=() if face.passive is None else (face.passive,),
    )


def _moved(
    session: LivenessSession,
    reference: Reference,
    at: float,
    face: FaceInFrame,
    likeness: Likeness,
    passive: PassiveCheck | None,
) -> LivenessSession:
    change = _change(session, reference, face)
    similarity = session.views[0].similarity(face.embedding)
    if similarity < likeness.other or (similarity < likeness.same and change is not None and change.facing):
        return session.failed(SessionFailure.OTHER_FACE)
    if change is None or similarity < (likeness.certain if change.facing else likeness.same):
        # Turned far, or blurred, a face resembles itself little.
        return _count_unclear(session)
    session = replace(session, seen_at=at, hint=Hint.MOVE, seen=session.seen + 1)
    if change.facing and face.passive is not None:
        session = replace(session, passive=(*session.passive, face.passive))
    if session.next is not None and change.shows(session.next):
        return _made(session, face, likeness, passive)
    if change.plainly() not in {None, *_held(session)}:
        return session.failed(SessionFailure.WRONG_MOVEMENT)
    if change.facing and session.done == 0 and reference.frames < _MOST_AVERAGED:
        return _steadied(session, reference, face)
    return session


def _count_unclear(session: LivenessSession) -> LivenessSession:
    unclear = session.unclear + 1
    if unclear > _MIN_UNCLEAR + _UNCLEAR_SHARE * session.seen:
        return session.failed(SessionFailure.OTHER_FACE)
    return replace(session, hint=Hint.UNCLEAR, unclear=unclear)


def _change(session: LivenessSession, reference: Reference, face: FaceInFrame) -> HeadChange | None:
    moved = motion(reference.shape, face.shape)
    if moved is None:
        return None
    if session.mirrored:
        moved = moved.mirrored()
    roll = (face.roll - reference.roll + 180) % 360 - 180
    return HeadChange(moved, roll, face.of_picture / reference.of_picture, face.pixels / reference.pixels)


def _held(session: LivenessSession) -> set[Movement]:
    """Movements that may still be visible: the last one, and closeness once it was made."""
    made = session.movements[: session.done]
    return {*made[-1:], *({Movement.CLOSER} & set(made))}


def _made(
    session: LivenessSession, face: FaceInFrame, likeness: Likeness, passive: PassiveCheck | None
) -> LivenessSession:
    made = replace(session, done=session.done + 1, views=(*session.views, face.embedding))
    if made.done < len(made.movements):
        return made
    if not _alike(made, likeness):
        # Another frame of the last movement may be clearer.
        return _count_unclear(session)
    score = made.passive_score
    if passive is not None and passive.enforced and (score is None or score < passive.threshold):
        return made.failed(SessionFailure.PRESENTATION_ATTACK)
    return replace(made, state=SessionState.PASSED)


def _alike(session: LivenessSession, likeness: Likeness) -> bool:
    """Whether each view matches the mean of all others; single views match too many people."""
    least = (
        likeness.tilted if movement is Movement.UP else likeness.certain for movement in session.movements
    )
    return all(
        _mean(session.views[:n] + session.views[n + 1 :]).similarity(session.views[n]) >= similarity
        for n, similarity in enumerate((likeness.certain, *least))
    )


def _mean(views: tuple[Embedding, ...]) -> Embedding:
    return Embedding.of(np.sum([view.vector for view in views], axis=0), views[0].model)


def _steadied(session: LivenessSession, reference: Reference, face: FaceInFrame) -> LivenessSession:
    """Average the first frontal frames into the reference, which reduces landmark error."""
    frames = reference.frames + 1
    mean = Reference(
        reference.shape.averaged(face.shape, 1 / frames),
        reference.roll,
        reference.of_picture + (face.of_picture - reference.of_picture) / frames,
        reference.pixels + (face.pixels - reference.pixels) / frames,
        frames,
    )
    front = session.views[0]
    view = Embedding.of(reference.frames * front.vector + face.embedding.vector, front.model)
    return replace(session, reference=mean, views=(view, *session.views[1:]))
