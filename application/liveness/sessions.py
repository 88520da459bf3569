"""The use cases of liveness sessions: start one, take frames, read the verdict, use one as evidence."""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from application.decisions import DecisionPolicy
from application.limits import run_on_photo
from application.liveness.frames import FrameAnalyser
from application.ports.liveness_sessions import LivenessSessionStore, StoredSession
from application.ports.models import ModelLibrary
from application.ports.workers import WorkerPool
from domain.errors import ImageTooLarge, InvalidInput
from domain.faces import Embedding
from domain.liveness.detection import LivenessPolicy
from domain.liveness.errors import (
    LivenessSessionNotPassed,
    LivenessSessionOtherFace,
    LivenessSessionUsed,
    WrongNonce,
)
from domain.liveness.movements import Movement, sequences
from domain.liveness.session import (
    Likeness,
    LivenessSession,
    PassiveCheck,
    SessionEvidence,
    SessionRules,
    SessionState,
)
from domain.liveness.transitions import advance

_ID_BYTES = 24
"""192 random bits, which nobody can guess."""
_OTHER, _SAME, _TILTED, _CERTAIN = 500.0, 10.0, 5.0, 1 / 4
"""Multiples of the operator's false match rate at which the similarities of Likeness are looked up. They are high
because one comparison decides little: somebody else would have to match in every movement."""
_MAX_FMR = 0.5


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What the operator allows."""

    movements: int
    rules: SessionRules
    valid_s: float
    """Seconds in which a session that was passed can be used."""
    sessions: int
    """Maximum number of sessions that have not expired, whatever their state."""
    frame_bytes: int
    """Maximum size of a frame's file."""


def likeness(policy: DecisionPolicy, model: str) -> Likeness:
    """The similarities that decide in a session, from the error rates that the operator accepts.

    Raises:
        ModelNotCalibrated: there is no threshold for the model.
    """
    other, same, tilted, certain = (
        policy.verification(model, comparisons=max(1 / share, policy.target_fmr / _MAX_FMR)).similarity
        for share in (_OTHER, _SAME, _TILTED, _CERTAIN)
    )
    return Likeness(other, same, tilted, certain)


@dataclass(frozen=True, slots=True)
class StartLivenessSession:
    """Draws movements at random and starts a session."""

    store: LivenessSessionStore
    models: ModelLibrary
    policy: DecisionPolicy
    limits: SessionLimits

    async def execute(
        self,
        detection_model: str | None = None,
        recognition_model: str | None = None,
        *,
        mirrored: bool = False,
    ) -> StoredSession:
        """The new session; `mirrored` tells whether the client will send mirrored frames.

        Raises:
            TooManyLivenessSessions: the operator allows no more.
            UnknownModel: a model that the catalogue doesn't have.
            ModelNotCalibrated: there is no threshold for the recogniser.
        """
        models = self.models.choose(detection_model, recognition_model)
        self.policy.verification(models.recognition)
        movements: tuple[Movement, ...] = secrets.choice(sequences(self.limits.movements))
        stored = StoredSession(
            secrets.token_urlsafe(_ID_BYTES),
            secrets.token_urlsafe(_ID_BYTES),
            models,
            LivenessSession(movements, mirrored=mirrored),
        )
        lifetime = self.limits.rules.deadline_s + self.limits.valid_s
        await self.store.begin(stored, lifetime, self.limits.sessions)
        return stored


@dataclass(frozen=True, slots=True)
class TakeLivenessFrame:
    """Advances a session by one frame."""

    store: LivenessSessionStore
    frames: FrameAnalyser
    workers: WorkerPool
    policy: DecisionPolicy
    limits: SessionLimits
    liveness: LivenessPolicy
    clock: Callable[[], float] = time.monotonic
    """Monotonic, in seconds. The time that it takes to measure a frame is subtracted."""

    async def execute(self, session_id: str, nonce: str, data: bytes) -> StoredSession:
        """The session after the frame. The picture is not stored.

        Frames of a session are measured concurrently, by any process, and then applied one after another.

        Raises:
            LivenessSessionNotFound, WrongNonce: the frame belongs to no session.
            LivenessSessionClosed, FrameTooSoon: the session takes no frame now.
            ImageTooLarge, InvalidImage, ModelNotInstalled, BrokenModel, Busy: it can't be measured.
        """
        arrived = self.clock()
        if len(data) > self.limits.frame_bytes:
            raise ImageTooLarge(f"A frame has at most {self.limits.frame_bytes} bytes.")
        stored = await self.store.find(session_id)
        if not hmac.compare_digest(stored.nonce.encode(), nonce.encode(errors="replace")):
            raise WrongNonce
        stored.session.expect_frame(stored.age_s, self.limits.rules)
        frame = await run_on_photo(self.workers, self.frames.measure, data, stored.models)
        alike = likeness(self.policy, stored.models.recognition)
        passive: PassiveCheck | None = self.frames.passive(enforced=self.liveness is LivenessPolicy.ENFORCE)

        def move(current: StoredSession) -> LivenessSession:
            # When the frame arrived, by the store's clock.
            at = current.age_s - (self.clock() - arrived)
            return advance(current.session, replace(frame, at=at), self.limits.rules, alike, passive)

        return await self.store.change(session_id, move, self.limits.valid_s)


@dataclass(frozen=True, slots=True)
class ReadLivenessSession:
    """Reads the state of a session."""

    store: LivenessSessionStore
    limits: SessionLimits

    async def execute(self, session_id: str) -> StoredSession:
        """The session now.

        Raises:
            LivenessSessionNotFound: there is none of this id.
        """
        stored = await self.store.find(session_id)
        return replace(stored, session=stored.session.late(stored.age_s, self.limits.rules))


@dataclass(frozen=True, slots=True)
class UseLivenessSession:
    """Uses a passed session as evidence for one request."""

    store: LivenessSessionStore
    policy: DecisionPolicy

    async def execute(self, session_id: str, face: Embedding) -> SessionEvidence:
        """What the session says about a face. It is used up, whatever that is.

        Raises:
            LivenessSessionNotFound, LivenessSessionNotPassed, LivenessSessionUsed: there is no evidence.
            LivenessSessionOtherFace: it was passed by another face.
            InvalidInput: the face was embedded by another recogniser than the session's.
        """
        stored = await self.store.find(session_id)
        if stored.models.recognition != face.model:
            raise InvalidInput(
                f"The liveness session is one of the recognition model {stored.models.recognition}, not {face.model}."
            )
        passed: list[LivenessSession] = []

        def spend(current: StoredSession) -> LivenessSession:
            if current.session.state is SessionState.USED:
                raise LivenessSessionUsed
            if current.session.state is not SessionState.PASSED:
                raise LivenessSessionNotPassed
            passed.append(current.session)
            return current.session.used()

        await self.store.change(session_id, spend)
        (session,) = passed
        similarity = session.views[0].similarity(face)
        threshold = self.policy.verification(face.model).similarity
        if similarity < threshold:
            raise LivenessSessionOtherFace
        return SessionEvidence(similarity, threshold, session.movements, session.passive_score)
