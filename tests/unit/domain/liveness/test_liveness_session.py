"""The state machine of a liveness session, by its properties."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.faces import Embedding
from domain.liveness.errors import FrameTooSoon, LivenessSessionClosed
from domain.liveness.movements import Movement, sequences
from domain.liveness.session import (
    FaceInFrame,
    Frame,
    Hint,
    Likeness,
    LivenessSession,
    PassiveCheck,
    SessionFailure,
    SessionRules,
    SessionState,
)
from domain.liveness.transitions import advance
from tests.unit.heads import ANN, BOB, FRONT, MODEL, SHOWN, frame, shape, turned

RULES = SessionRules(deadline_s=30, gap_s=2, frames=40, rate=5)
LIKENESS = Likeness(other=0.2, same=0.4, tilted=0.5, certain=0.6)
CHALLENGES = [*sequences(2), *sequences(3)]
STEP_S = 0.5

challenge = st.sampled_from(CHALLENGES)
SIMILAR = Embedding.of(np.array([0.3, 0.95, 0.0]), MODEL)
"""To Ann by 0.3: nobody knows whose it is."""


def play(
    session: LivenessSession, faces: Sequence[FaceInFrame | None], start: float = STEP_S, step: float = STEP_S
) -> LivenessSession:
    """A frame each step, until the session has its verdict."""
    for number, face in enumerate(faces):
        if session.state is not SessionState.OPEN:
            break
        session = advance(session, frame(start + step * number, session.frames, face), RULES, LIKENESS)
    return session


def performed(movements: Sequence[Movement], front: FaceInFrame = FRONT) -> list[FaceInFrame]:
    """What somebody shows who does as they are told."""
    return [front, front, *(face for movement in movements for face in (SHOWN[movement], front))]


@given(challenge)
def test_whoever_does_what_is_asked_passes(movements: tuple[Movement, ...]) -> None:
    session = play(LivenessSession(movements), performed(movements))
    assert (session.state, session.done, session.failure) == (SessionState.PASSED, len(movements), None)
    assert len(session.views) == len(movements) + 1


@given(challenge, st.data())
def test_no_other_sequence_passes(movements: tuple[Movement, ...], data: st.DataObject) -> None:
    other = data.draw(st.sampled_from([chosen for chosen in CHALLENGES if len(chosen) == len(movements)]))
    session = play(LivenessSession(movements), performed(other))
    assert (session.state is SessionState.PASSED) is (other == movements)


def test_no_order_but_the_right_one_passes() -> None:
    asked = (Movement.LEFT, Movement.UP, Movement.RIGHT)
    for order in permutations(asked):
        session = play(LivenessSession(asked), performed(order))
        assert (session.state is SessionState.PASSED) is (order == asked)


@dataclass(frozen=True)
class Step:
    after_s: float
    mark: int
    face: FaceInFrame | None


people = st.sampled_from([ANN, ANN, ANN, ANN, SIMILAR, BOB])
poses = st.sampled_from([FRONT, *SHOWN.values(), replace(FRONT, shape=shape(turned(yaw=18)))])
faces = st.one_of(st.none(), st.builds(lambda pose, who: replace(pose, embedding=who), poses, people))
steps = st.lists(
    st.builds(Step, st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.5, 3.0]), st.integers(0, 30), faces), max_size=40
)


@settings(max_examples=300)
@given(challenge, steps)
def test_whatever_comes_the_machine_keeps_its_promises(
    movements: tuple[Movement, ...], steps: list[Step]
) -> None:
    session, now = play(LivenessSession(movements), [FRONT], start=0.1), 0.1
    made: list[Movement] = []
    taken = [(now, Step(0.0, 0, FRONT))]
    for step in steps:
        now += step.after_s
        try:
            after = advance(session, Frame(now, step.mark, step.face), RULES, LIKENESS)
        except LivenessSessionClosed:
            assert session.state is not SessionState.OPEN
            continue
        except FrameTooSoon:
            recent = [at for at, _ in taken if at > now - 1]
            assert len(recent) >= RULES.rate or now in recent
            continue
        assert session.state is SessionState.OPEN
        assert 0 <= after.done - session.done <= 1
        if after.done > session.done:
            assert step.face is not None
            assert step.face.embedding is ANN
            made += [
                movement for movement, shown in SHOWN.items() if replace(shown, embedding=ANN) == step.face
            ]
        taken.append((now, step))
        session = after
        assert session.frames <= RULES.frames
        assert session.times == tuple(sorted(set(session.times)))
        if session.state is SessionState.FAILED:
            assert session.failure is not None
            assert (session.views, session.reference) == ((), None)
    assert tuple(made) == movements[: session.done]
    if session.state is SessionState.PASSED:
        sure = [at for at, step in taken if step.face is not None and step.face.embedding is ANN]
        assert session.done == len(movements)
        assert taken[-1][0] <= RULES.deadline_s
        assert len({step.mark for _, step in taken}) == len(taken)
        assert not any(step.face is not None and step.face.embedding is BOB for _, step in taken)
        assert max(np.diff(sure)) <= RULES.gap_s


def test_a_frame_that_comes_twice_fails() -> None:
    session = play(LivenessSession((Movement.LEFT, Movement.UP)), [FRONT, FRONT])
    again = advance(session, frame(2.0, 1), RULES, LIKENESS)
    assert again.failure is SessionFailure.REPEATED_FRAME


def test_too_many_frames_fail() -> None:
    session = play(LivenessSession((Movement.LEFT, Movement.UP)), [FRONT] * 45)
    assert session.failure is SessionFailure.TOO_MANY_FRAMES
    assert session.frames == RULES.frames


def test_an_interruption_fails_once_the_face_was_seen() -> None:
    begun = play(LivenessSession((Movement.LEFT, Movement.UP)), [FRONT])
    assert (
        advance(begun, frame(begun.seen_at + 2.1, 9), RULES, LIKENESS).failure is SessionFailure.INTERRUPTED
    )
    unseen = play(begun, [None] * 3, start=1.0)
    assert unseen.hint is Hint.NO_FACE
    assert advance(unseen, frame(2.6, 9), RULES, LIKENESS).failure is SessionFailure.INTERRUPTED
    waiting = play(LivenessSession((Movement.LEFT, Movement.UP)), [None] * 20)
    assert waiting.state is SessionState.OPEN


def test_the_deadline_ends_an_open_session() -> None:
    session = LivenessSession((Movement.LEFT, Movement.UP))
    assert advance(session, frame(30.1, 1), RULES, LIKENESS).failure is SessionFailure.DEADLINE_PASSED
    assert session.late(30.1, RULES).failure is SessionFailure.DEADLINE_PASSED
    assert session.late(29.9, RULES) is session
    passed = play(session, performed(session.movements))
    assert passed.late(1000, RULES) is passed


def test_frames_that_come_too_fast_or_too_late_are_not_taken() -> None:
    session = play(LivenessSession((Movement.LEFT, Movement.UP)), [FRONT] * 5, step=0.1)
    with pytest.raises(FrameTooSoon):
        advance(session, frame(1.4, 9), RULES, LIKENESS)
    assert advance(session, frame(1.55, 9), RULES, LIKENESS).frames == 6
    with pytest.raises(FrameTooSoon):
        advance(play(session, [FRONT], start=1.9), frame(1.85, 8), RULES, LIKENESS)


def test_another_face_fails_wherever_it_is_seen_well() -> None:
    begun = play(LivenessSession((Movement.LEFT, Movement.UP)), [FRONT])
    for pose in (FRONT, *SHOWN.values()):
        other = advance(begun, frame(1.5, 9, replace(pose, embedding=BOB)), RULES, LIKENESS)
        assert other.failure is SessionFailure.OTHER_FACE


def test_a_face_that_could_be_another_counts_for_nothing_and_not_for_long() -> None:
    begun = play(LivenessSession((Movement.LEFT, Movement.UP)), [FRONT])
    unclear = replace(SHOWN[Movement.LEFT], embedding=SIMILAR)
    played = play(begun, [unclear], start=1.0)
    assert (played.done, played.hint, played.state) == (0, Hint.UNCLEAR, SessionState.OPEN)
    assert play(played, [unclear] * 8, start=1.2, step=0.25).failure is SessionFailure.OTHER_FACE


def test_leaning_forward_is_no_movement_and_coming_closer_unasked_is_one() -> None:
    begun = play(LivenessSession((Movement.LEFT, Movement.UP)), [FRONT])
    leaning = replace(FRONT, of_picture=0.13, pixels=83.0)
    assert advance(begun, frame(1.0, 9, leaning), RULES, LIKENESS).state is SessionState.OPEN
    near = advance(begun, frame(1.0, 9, SHOWN[Movement.CLOSER]), RULES, LIKENESS)
    assert near.failure is SessionFailure.WRONG_MOVEMENT


def test_whoever_came_closer_may_stay() -> None:
    movements = (Movement.CLOSER, Movement.LEFT, Movement.UP)
    near = SHOWN[Movement.CLOSER]
    turned_near = [replace(SHOWN[movement], of_picture=0.15, pixels=96.0) for movement in movements[1:]]
    shown = [FRONT, near, near, turned_near[0], near, turned_near[1]]
    assert play(LivenessSession(movements), shown).state is SessionState.PASSED


def test_nothing_begins_without_a_face_from_the_front() -> None:
    session = play(LivenessSession((Movement.LEFT, Movement.UP)), [SHOWN[Movement.RIGHT]] * 3)
    assert (session.reference, session.hint, session.done) == (None, Hint.FACE_CAMERA, 0)
    several = advance(session, Frame(3.0, 9, None, several=True), RULES, LIKENESS)
    assert several.hint is Hint.SEVERAL_FACES


def test_mirrored_pictures_swap_the_sides() -> None:
    movements = (Movement.LEFT, Movement.UP)
    shown = performed((Movement.RIGHT, Movement.UP))
    assert play(LivenessSession(movements, mirrored=True), shown).state is SessionState.PASSED
    assert play(LivenessSession(movements), shown).failure is SessionFailure.WRONG_MOVEMENT


@pytest.mark.parametrize(
    ("score", "enforced", "state"),
    [
        (0.9, True, SessionState.PASSED),
        (0.1, False, SessionState.PASSED),
        (0.1, True, SessionState.FAILED),
        (None, True, SessionState.FAILED),
    ],
)
def test_passive_scores_decide_where_they_are_enforced(
    score: float | None, state: SessionState, *, enforced: bool
) -> None:
    movements = (Movement.LEFT, Movement.UP)
    session = LivenessSession(movements)
    # Of turned faces the models know nothing.
    shown = [
        replace(face, passive=score if face is front else 0.5)
        for front in [FRONT]
        for face in performed(movements)
    ]
    for number, face in enumerate(shown):
        if session.state is SessionState.OPEN:
            session = advance(
                session, frame(0.5 + number, number, face), RULES, LIKENESS, PassiveCheck(0.5, enforced)
            )
    assert session.state is state
    assert session.passive_score == (None if score is None else pytest.approx(score))


def test_what_was_passed_can_be_used_up_and_leaves_no_face() -> None:
    movements = (Movement.LEFT, Movement.UP)
    used = play(LivenessSession(movements), performed(movements)).used()
    assert (used.state, used.views, used.reference) == (SessionState.USED, (), None)
    with pytest.raises(LivenessSessionClosed):
        advance(used, frame(20.0, 99), RULES, LIKENESS)


def test_sequences_are_many_and_each_turns_to_a_side() -> None:
    assert (len(sequences(2)), len(sequences(3))) == (10, 24)
    for length in (2, 3):
        for chosen in sequences(length):
            assert {Movement.LEFT, Movement.RIGHT} & set(chosen)
            assert len(set(chosen)) == len(chosen) == length
