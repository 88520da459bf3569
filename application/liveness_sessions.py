"""The use cases of liveness sessions: begin one, take frames, tell the verdict, count one as evidence."""

import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from application.decisions import DecisionPolicy
from application.liveness_frames import FrameMeter
from application.ports.liveness_sessions import LivenessSessionStore, StoredSession
from application.ports.workers import WorkerPool
from domain.errors import ImageTooLarge, InvalidInput
from domain.faces import Embedding
from domain.liveness import LivenessPolicy
from domain.liveness_errors import (
    LivenessSessionNotPassed,
    LivenessSessionOtherFace,
    LivenessSessionUsed,
    WrongNonce,
)
from domain.liveness_progress import advance
from domain.liveness_session import (
    Likeness,
    LivenessSession,
    PassiveCheck,
    SessionEvidence,
    SessionRules,
    SessionState,
)
from domain.movements import Movement, sequences

_ID_BYTES = 24
"""192 random bits: nobody guesses one."""
_OTHER, _SAME, _TILTED, _CERTAIN = 500.0, 10.0, 5.0, 1 / 4
"""Multiples of the false match rate that the operator accepts, at which Likeness has its similarities. One comparison
decides little here: somebody else would have to match in every movement that they make."""
_MOST_FMR = 0.5


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What the operator allows."""

    movements: int
    rules: SessionRules
    valid_s: float
    """How long a session that was passed can be used."""
    sessions: int
    """That have not expired, whatever their state."""
    frame_bytes: int


def likeness(policy: DecisionPolicy, model: str) -> Likeness:
    """The similarities that decide in a session, from the rates of error that the operator accepts.

    Raises:
        ModelNotCalibrated: nobody knows what the model's similarities mean.
    """
    other, same, tilted, certain = (
        policy.verification(model, comparisons=max(1 / share, policy.target_fmr / _MOST_FMR)).similarity
        for share in (_OTHER, _SAME, _TILTED, _CERTAIN)
    )
    return Likeness(other, same, tilted, certain)


@dataclass(frozen=True, slots=True)
class StartLivenessSession:
    """Draws movements and begins a session."""

    store: LivenessSessionStore
    meter: FrameMeter
    policy: DecisionPolicy
    limits: SessionLimits

    async def execute(
        self,
        detection_model: str | None = None,
        recognition_model: str | None = None,
        *,
        mirrored: bool = False,
    ) -> StoredSession:
        """The session, which nobody can have prepared for.

        Args:
            detection_model: instead of the configured one.
            recognition_model: likewise.
            mirrored: whether the frames will be mirrored.

        Raises:
            TooManyLivenessSessions: there are as many as the operator allows.
            UnknownModel: a model that the catalogue doesn't have.
            ModelNotCalibrated: nobody knows from when on the recogniser's embeddings are of one person.
        """
        models = self.meter.analyser.models.choose(detection_model, recognition_model)
        self.policy.verification(models.recognition)
        movements: tuple[Movement, ...] = secrets.choice(sequences(self.limits.movements))
        kept = StoredSession(
            secrets.token_urlsafe(_ID_BYTES),
            secrets.token_urlsafe(_ID_BYTES),
            models,
            LivenessSession(movements, mirrored=mirrored),
        )
        lifetime = self.limits.rules.deadline_s + self.limits.valid_s
        await self.store.begin(kept, lifetime, self.limits.sessions)
        return kept


@dataclass(frozen=True, slots=True)
class TakeLivenessFrame:
    """Moves a session on by one frame."""

    store: LivenessSessionStore
    meter: FrameMeter
    workers: WorkerPool
    policy: DecisionPolicy
    limits: SessionLimits
    liveness: LivenessPolicy
    clock: Callable[[], float] = time.monotonic
    """In seconds: how long a frame is measured doesn't count."""

    async def execute(self, session_id: str, nonce: str, data: bytes) -> StoredSession:
        """The session after the frame. The picture is not kept.

        Frames are measured side by side, by any process, and then count one after another.

        Args:
            session_id: which session.
            nonce: the one that it was begun with.
            data: the image file.

        Raises:
            LivenessSessionNotFound, WrongNonce: this isn't a frame of a session.
            LivenessSessionClosed, FrameTooSoon: the session takes no frame now.
            ImageTooLarge, InvalidImage, ModelNotInstalled, BrokenModel, Busy: it can't be measured.
        """
        arrived = self.clock()
        if len(data) > self.limits.frame_bytes:
            raise ImageTooLarge(f"A frame has at most {self.limits.frame_bytes} bytes.")
        kept = await self.store.find(session_id)
        if not hmac.compare_digest(kept.nonce.encode(), nonce.encode(errors="replace")):
            raise WrongNonce
        kept.session.expect_frame(kept.age_s, self.limits.rules)
        frame = await self.workers.run(self.meter.measure, data, kept.models)
        alike = likeness(self.policy, kept.models.recognition)
        passive: PassiveCheck | None = self.meter.passive(enforced=self.liveness is LivenessPolicy.ENFORCE)

        def move(current: StoredSession) -> LivenessSession:
            # When it arrived, by the store's clock: how long it was measured says nothing of the person.
            at = current.age_s - (self.clock() - arrived)
            return advance(current.session, frame.come(at), self.limits.rules, alike, passive)

        return await self.store.change(session_id, move, self.limits.valid_s)


@dataclass(frozen=True, slots=True)
class ReadLivenessSession:
    """Tells how a session stands."""

    store: LivenessSessionStore
    limits: SessionLimits

    async def execute(self, session_id: str) -> StoredSession:
        """The session now.

        Raises:
            LivenessSessionNotFound: there is none of this id.
        """
        kept = await self.store.find(session_id)
        return replace(kept, session=kept.session.late(kept.age_s, self.limits.rules))


@dataclass(frozen=True, slots=True)
class UseLivenessSession:
    """Lets a session that was passed count for one request."""

    store: LivenessSessionStore
    policy: DecisionPolicy

    async def execute(self, session_id: str, face: Embedding) -> SessionEvidence:
        """What the session says of a face. From then on it is used up, whatever it says.

        Raises:
            LivenessSessionNotFound, LivenessSessionNotPassed, LivenessSessionUsed: it says nothing.
            LivenessSessionOtherFace: another face was in it.
            InvalidInput: the face was embedded by another recogniser than the session's.
        """
        kept = await self.store.find(session_id)
        if kept.models.recognition != face.model:
            raise InvalidInput(
                f"The liveness session is one of the recognition model {kept.models.recognition}, not {face.model}."
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
