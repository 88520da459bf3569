"""The use cases of liveness sessions, over stand-ins."""

import asyncio
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from adapters.memory.liveness_sessions import InMemoryLivenessSessions
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.analysis.sources import SourceReader, Vector
from application.liveness.frames import FrameAnalyser
from application.liveness.sessions import (
    ReadLivenessSession,
    SessionLimits,
    StartLivenessSession,
    TakeLivenessFrame,
    UseLivenessSession,
    likeness,
)
from application.ports.liveness_sessions import StoredSession
from domain.errors import ImageTooLarge, InvalidInput, ModelNotCalibrated, UnknownModel
from domain.faces import DetectedFace, Embedding, Image
from domain.liveness.detection import LivenessPolicy
from domain.liveness.errors import (
    FrameTooSoon,
    LivenessSessionClosed,
    LivenessSessionNotFound,
    LivenessSessionNotPassed,
    LivenessSessionOtherFace,
    LivenessSessionUsed,
    WrongNonce,
)
from domain.liveness.movements import Movement, sequences
from domain.liveness.session import FaceInFrame, Frame, SessionFailure, SessionRules, SessionState
from domain.models import ModelChoice
from tests.unit.fakes import BLUE, GREEN, RED, ColourModels, InlineWorkers, analyser, photo, policy
from tests.unit.heads import FRONT, SHOWN

LIMITS = SessionLimits(
    movements=3,
    rules=SessionRules(deadline_s=30, gap_s=2, frames=40, rate=5),
    valid_s=60,
    sessions=10,
    frame_bytes=1000,
)
MODELS = ModelChoice("colour", "colour")


@dataclass
class Clock:
    """Stands still until it is told to go on."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Script(FrameAnalyser):
    """Measures what a test wrote down: the bytes name the pose, and tell frames apart."""

    def measure(self, data: bytes, models: ModelChoice) -> Frame:
        pose = data.decode().split()[0]
        face = FRONT if pose == "front" else SHOWN[Movement(pose)]
        return Frame(0.0, hash(data), replace(face, embedding=_own(models.recognition)))


def _own(model: str) -> Embedding:
    return Embedding.of(np.eye(16)[0], model)


@dataclass
class Service:
    clock: Clock = field(default_factory=Clock)
    liveness: LivenessPolicy = LivenessPolicy.OFF
    meter: FrameAnalyser = field(default_factory=lambda: Script(analyser()))

    def __post_init__(self) -> None:
        self.store = InMemoryLivenessSessions(self.clock)
        self.start = StartLivenessSession(self.store, ColourModels(), policy(), LIMITS)
        self.take = TakeLivenessFrame(
            self.store, self.meter, InlineWorkers(), policy(), LIMITS, self.liveness, self.clock
        )
        self.read = ReadLivenessSession(self.store, LIMITS)
        self.use = UseLivenessSession(self.store, policy())

    async def send(self, kept: StoredSession, *poses: str) -> StoredSession:
        for pose in poses:
            self.clock.now += 0.5
            kept = await self.take.execute(kept.id, kept.nonce, f"{pose} {self.clock.now}".encode())
        return kept

    async def passed(self, recognition: str | None = None) -> StoredSession:
        kept = await self.start.execute(recognition_model=recognition)
        return await self.send(kept, "front", *kept.session.movements)


@pytest.fixture
def service() -> Service:
    return Service()


async def test_a_session_that_is_carried_out_passes(service: Service) -> None:
    kept = await service.start.execute()
    assert kept.session.movements in sequences(3)
    assert (kept.session.state, kept.models) == (SessionState.OPEN, MODELS)
    done = await service.send(kept, "front", *kept.session.movements)
    assert done.session.state is SessionState.PASSED
    assert (await service.read.execute(kept.id)).session.state is SessionState.PASSED


async def test_sessions_differ_in_all_that_is_drawn(service: Service) -> None:
    kept = [await service.start.execute() for _ in range(10)]
    assert len({each.id for each in kept} | {each.nonce for each in kept}) == 20
    assert len({each.session.movements for each in kept}) > 1
    assert all(len(each.id) == 32 for each in kept)


async def test_what_cannot_be_decided_does_not_begin(service: Service) -> None:
    with pytest.raises(UnknownModel):
        await service.start.execute(recognition_model="unheard of")
    uncalibrated = StartLivenessSession(
        service.store, ColourModels(), policy(load_table=lambda _: None), LIMITS
    )
    with pytest.raises(ModelNotCalibrated):
        await uncalibrated.execute()


async def test_a_frame_needs_its_session_its_nonce_and_a_bounded_size(service: Service) -> None:
    kept = await service.start.execute()
    with pytest.raises(LivenessSessionNotFound):
        await service.take.execute("nobody", kept.nonce, b"front 1")
    for nonce in ("", "x", kept.nonce + "x", "\ud800"):
        with pytest.raises(WrongNonce):
            await service.take.execute(kept.id, nonce, b"front 1")
    with pytest.raises(ImageTooLarge):
        await service.take.execute(kept.id, kept.nonce, b"front" + bytes(996))
    assert (await service.read.execute(kept.id)).session.frames == 0


async def test_too_many_frames_a_second_are_refused_before_they_are_measured(service: Service) -> None:
    kept = await service.start.execute()
    for number in range(5):
        service.clock.now += 0.1
        await service.take.execute(kept.id, kept.nonce, f"front {number}".encode())
    service.clock.now += 0.1
    with pytest.raises(FrameTooSoon):
        await service.take.execute(kept.id, kept.nonce, b"not even a pose")


async def test_an_ended_session_takes_no_frames(service: Service) -> None:
    kept = await service.passed()
    with pytest.raises(LivenessSessionClosed):
        await service.send(kept, "front")


async def test_a_session_that_nobody_carries_out_fails_at_its_deadline_and_is_gone_later(
    service: Service,
) -> None:
    kept = await service.start.execute()
    service.clock.now += 31
    assert (await service.read.execute(kept.id)).session.failure is SessionFailure.DEADLINE_PASSED
    with pytest.raises(LivenessSessionNotPassed):
        await service.use.execute(kept.id, _own("colour"))
    assert (await service.send(kept, "front")).session.failure is SessionFailure.DEADLINE_PASSED
    service.clock.now += 60
    with pytest.raises(LivenessSessionNotFound):
        await service.read.execute(kept.id)


async def test_it_counts_once_for_the_face_that_was_in_it(service: Service) -> None:
    kept = await service.passed()
    evidence = await service.use.execute(kept.id, _own("colour"))
    assert evidence.similarity == pytest.approx(1.0)
    assert evidence.movements == kept.session.movements
    with pytest.raises(LivenessSessionUsed):
        await service.use.execute(kept.id, _own("colour"))
    session = (await service.read.execute(kept.id)).session
    assert (session.state, session.views) == (SessionState.USED, ())


async def test_of_many_requests_at_once_one_uses_it(service: Service) -> None:
    kept = await service.passed()
    results = await asyncio.gather(
        *(service.use.execute(kept.id, _own("colour")) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(result, LivenessSessionUsed) for result in results) == 7


async def test_for_another_face_it_counts_for_nothing_and_is_used_up(service: Service) -> None:
    kept = await service.passed()
    with pytest.raises(LivenessSessionOtherFace):
        await service.use.execute(kept.id, Embedding.of(np.eye(16)[1], "colour"))
    with pytest.raises(LivenessSessionUsed):
        await service.use.execute(kept.id, _own("colour"))


async def test_an_open_session_and_one_of_another_recogniser_are_left_alone(service: Service) -> None:
    kept = await service.start.execute()
    with pytest.raises(LivenessSessionNotPassed):
        await service.use.execute(kept.id, _own("colour"))
    other = await service.passed("hue")
    with pytest.raises(InvalidInput):
        await service.use.execute(other.id, _own("colour"))
    assert (await service.read.execute(other.id)).session.state is SessionState.PASSED


async def test_it_expires_unused(service: Service) -> None:
    kept = await service.passed()
    service.clock.now += 61
    with pytest.raises(LivenessSessionNotFound):
        await service.use.execute(kept.id, _own("colour"))


async def test_it_vouches_for_what_enforcement_would_refuse() -> None:
    """Neither a photo nor an embedding is looked at for attacks once a session has shown that the face is alive."""
    service = Service()
    reader = SourceReader(analyser(LivenessPolicy.ENFORCE), InlineWorkers(), service.use)
    kept = await service.passed()
    vector = Vector(tuple(np.eye(16)[0].tolist()))
    with pytest.raises(InvalidInput):
        await reader.read_one(vector, PhotoOptions())
    options = PhotoOptions(liveness_session=kept.id)
    with pytest.raises(InvalidInput):
        await reader.read(vector, replace(options, selection=FaceSelection.ALL))
    face = await reader.read_one(vector, options)
    assert face.session is not None
    assert face.session.similarity == pytest.approx(1.0)
    other = await service.passed()
    with pytest.raises(LivenessSessionOtherFace):
        await reader.read_one(photo(BLUE), PhotoOptions(liveness_session=other.id))


async def test_a_photo_without_a_face_does_not_use_it_up(service: Service) -> None:
    reader = SourceReader(analyser(), InlineWorkers(), service.use)
    kept = await service.passed()
    with pytest.raises(InvalidInput):
        await reader.read_one(photo(), PhotoOptions(liveness_session=kept.id))
    assert (await service.read.execute(kept.id)).session.state is SessionState.PASSED


@dataclass(frozen=True)
class Doubter:
    """Takes nothing for alive."""

    name: str = "doubter"
    threshold: float = 0.5

    def score(self, image: Image, face: DetectedFace) -> float:
        return 0.25


def test_frames_are_measured() -> None:
    meter = FrameAnalyser(analyser())
    alone, crowd, nobody = (
        meter.measure(photo(*people, sizes=(60, 55)).data, MODELS) for people in ((RED,), (RED, GREEN), ())
    )
    assert isinstance(alone.face, FaceInFrame)
    assert alone.face.of_picture == pytest.approx(alone.face.pixels / 300)
    assert alone.face.roll == 0
    assert alone.face.passive is None
    assert (crowd.face, crowd.several, nobody.face, nobody.several) == (None, True, None, False)
    small = meter.measure(photo(RED, GREEN, sizes=(60, 20)).data, MODELS)
    assert small.face is not None


def test_a_picture_has_one_mark_and_another_has_another() -> None:
    meter = FrameAnalyser(analyser())
    one, same, other = (meter.measure(photo(RED, sizes=(size,)).data, MODELS).mark for size in (60, 60, 61))
    assert one == same
    assert one != other
    assert meter.measure(photo().data, MODELS).mark == meter.measure(photo().data, MODELS).mark
    assert one < 2**53  # exact in JSON


def test_anti_spoofing_models_look_at_frames_where_they_are_installed() -> None:
    meter = FrameAnalyser(analyser(detector=Doubter))
    face = meter.measure(photo(RED).data, MODELS).face
    assert face is not None
    assert face.passive == 0.25
    passive = meter.passive(enforced=True)
    assert passive is not None
    assert (passive.threshold, passive.enforced) == (0.5, True)
    assert FrameAnalyser(analyser()).passive(enforced=True) is None


def test_likeness_is_stricter_the_less_often_it_may_err() -> None:
    alike = likeness(policy(), "colour")
    assert alike.other < alike.same < alike.tilted < alike.certain
    verified = policy().verification("colour").similarity
    assert alike.same < verified < alike.certain
    lax = replace(policy(), target_fmr=0.5)
    assert likeness(lax, "colour").other <= likeness(lax, "colour").same
