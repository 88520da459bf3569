"""Liveness sessions."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from application.liveness.sessions import SessionLimits
from application.ports.liveness_sessions import StoredSession
from domain.liveness.movements import Movement
from domain.liveness.session import Hint, SessionFailure, SessionState
from entrypoints.http.envelope import Success

_STATES = {
    SessionState.OPEN: "Liveness session open",
    SessionState.PASSED: "Liveness session passed",
    SessionState.FAILED: "Liveness session failed",
    SessionState.USED: "Liveness session used",
}


class PassiveView(msgspec.Struct):
    """What anti-spoofing models say of the frames that show the face from the front."""

    score: Annotated[float, Meta(description="0 to 1, higher is more likely alive; no probability")]


class LivenessSessionView(msgspec.Struct, omit_defaults=True):
    """How a session stands."""

    id: str
    state: Annotated[
        Literal["open", "passed", "failed", "used"],
        Meta(description="`passed`: it may be used once; `failed`: start another, with other movements"),
    ]
    movements: Annotated[
        list[Movement],
        Meta(
            description="What the head has to do, in this order, after a frame from the front. Left and right are"
            " the person's own"
        ),
    ]
    done: Annotated[int, Meta(description="How many of them were made")]
    frames: Annotated[int, Meta(description="How many frames were taken")]
    seconds_left: Annotated[
        float, Meta(description="Until the deadline of an open session, else 0; as of this answer")
    ]
    next: Annotated[Movement | UnsetType, Meta(description="What to ask the person for now")] = UNSET
    hint: Annotated[Hint | UnsetType, Meta(description="Advice for the person, on the last frame")] = UNSET
    failure: Annotated[SessionFailure | UnsetType, Meta(description="Why it failed")] = UNSET
    passive: Annotated[PassiveView | UnsetType, Meta(description="If anti-spoofing models are installed")] = (
        UNSET
    )

    @classmethod
    def of(cls, stored: StoredSession, limits: SessionLimits) -> "LivenessSessionView":
        session = stored.session
        opened = session.state is SessionState.OPEN
        score = session.passive_score
        return cls(
            stored.id,
            session.state.value,
            list(session.movements),
            session.done,
            session.frames,
            round(max(limits.rules.deadline_s - stored.age_s, 0.0), 1) if opened else 0.0,
            session.next or UNSET,
            session.hint if opened else UNSET,
            session.failure or UNSET,
            UNSET if score is None else PassiveView(score),
        )


class LivenessSessionAnswer(Success, kw_only=True):
    """How a session stands."""

    data: LivenessSessionView

    @classmethod
    def of(cls, stored: StoredSession, limits: SessionLimits) -> "LivenessSessionAnswer":
        return cls(detail=_STATES[stored.session.state], data=LivenessSessionView.of(stored, limits))


class StartedView(LivenessSessionView, omit_defaults=True, kw_only=True):
    """A session that has begun."""

    nonce: Annotated[str, Meta(description="Each frame has to carry it; keep it from others")]
    frame_rate: Annotated[int, Meta(description="The most frames a second")]
    frame_bytes: Annotated[int, Meta(description="The largest frame")]


class StartedAnswer(Success, kw_only=True):
    """A session has begun."""

    data: StartedView

    @classmethod
    def of(cls, stored: StoredSession, limits: SessionLimits) -> "StartedAnswer":
        view = LivenessSessionView.of(stored, limits)
        started = StartedView(
            **{field: getattr(view, field) for field in view.__struct_fields__},
            nonce=stored.nonce,
            frame_rate=limits.rules.rate,
            frame_bytes=limits.frame_bytes,
        )
        return cls(detail="Liveness session started", data=started)
