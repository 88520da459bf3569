"""What a turned head shows, and a turned picture doesn't."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.liveness.head_change import HeadChange, frontal
from domain.liveness.head_motion import HeadMotion, HeadShape, motion
from domain.liveness.movements import Movement
from tests.unit.heads import HEAD, landmarks, shape, turned


def change(moved: HeadMotion, size: float = 1.0, roll: float = 0.0) -> HeadChange:
    return HeadChange(moved, roll, size, size)


def shown(moved: HeadMotion, size: float = 1.0) -> set[Movement]:
    return {movement for movement in Movement if change(moved, size).shows(movement)}


entry = st.floats(-1.5, 1.5)


@given(st.tuples(entry, entry, entry, entry), st.floats(-200, 200), st.floats(-200, 200))
def test_no_affine_map_of_a_picture_looks_like_a_movement(
    entries: tuple[float, float, float, float], x: float, y: float
) -> None:
    """Moved, rotated, zoomed, stretched, sheared: a flat picture, however it is held before a distant camera."""
    matrix = np.array(entries).reshape(2, 2)
    least, most = np.sort(np.linalg.svd(matrix, compute_uv=False))
    assume(least > 0.2 * most and most > 0.2)
    points = landmarks(turned()) @ matrix.T.astype(np.float32) + np.array([x, y], np.float32)
    after = HeadShape.of(points.astype(np.float32))
    assert after is not None
    moved = motion(shape(turned()), after)
    assert moved is not None
    assert moved.parallax < 1e-3
    assert not shown(moved)
    assert change(moved).plainly() is None


@given(st.floats(35, 70), st.floats(-10, 10), st.sampled_from([-1, 1]))
def test_a_head_that_turns_to_a_side_is_seen(yaw: float, pitch: float, side: int) -> None:
    moved = motion(shape(turned()), shape(turned(yaw=side * yaw, pitch=pitch)))
    assert moved is not None
    asked, other = (Movement.LEFT, Movement.RIGHT)[::side]
    # With the chin a little up or down it could be both.
    assert asked in shown(moved)
    assert other not in shown(moved)
    assert change(moved).plainly() in {asked, None}


@given(st.floats(15, 40), st.floats(-10, 10), st.sampled_from([-1, 1]))
def test_a_chin_that_is_raised_or_lowered_is_seen(pitch: float, yaw: float, side: int) -> None:
    moved = motion(shape(turned()), shape(turned(yaw=yaw, pitch=side * pitch)))
    assert moved is not None
    assert shown(moved) == {Movement.UP}


@given(st.floats(-90, 90), st.floats(0.2, 5), st.floats(-45, 45), st.floats(-25, 25))
def test_place_roll_and_scale_do_not_matter(roll: float, scale: float, yaw: float, pitch: float) -> None:
    a = np.radians(roll)
    rotation = scale * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    points = turned(yaw, pitch)
    np.testing.assert_allclose(
        shape(points @ rotation.T + [0.3, -0.2]).points, shape(points).points, atol=1e-3
    )


def test_mirrored_pictures_mirror_the_motion() -> None:
    mirrored = HEAD[[1, 0, 2, 4, 3]] * [-1, 1, 1]
    moved = motion(shape(turned()), shape(turned(yaw=40)))
    seen = motion(shape(turned(head=mirrored)), shape(turned(yaw=-40, head=mirrored)))
    assert moved is not None
    assert seen is not None
    assert seen.mirrored().across == pytest.approx(moved.across, abs=1e-3)


def test_parallax_grows_with_the_angle_and_tells_how_far_the_nose_stands_off() -> None:
    for yaw in (20, 40, 60):
        moved = motion(shape(turned()), shape(turned(yaw=yaw)))
        assert moved is not None
        # Nose against the plane of the others, which is a little behind the eyes there.
        assert moved.across == pytest.approx(0.4 * np.tan(np.radians(yaw)), rel=0.1)
        assert moved.solidity == pytest.approx(0.4, rel=0.15)


def test_closer_is_told_by_size_of_a_face_from_the_front_alone() -> None:
    still, moved = (motion(shape(turned()), shape(turned(yaw=yaw))) for yaw in (2, 20))
    assert still is not None
    assert moved is not None
    assert shown(still, 1.3) == {Movement.CLOSER}
    assert change(still, 1.3).plainly() is None
    assert change(still, 1.5).plainly() is Movement.CLOSER
    assert not shown(still, 1.1)
    assert not shown(moved, 1.5)


def test_a_head_that_lies_on_its_side_shows_nothing() -> None:
    moved = motion(shape(turned()), shape(turned(yaw=45)))
    assert moved is not None
    assert not any(change(moved, roll=40).shows(movement) for movement in Movement)
    assert change(moved, roll=40).plainly() is None


@pytest.mark.parametrize(
    ("yaw", "pitch", "plain"),
    [
        (45, 0, Movement.LEFT),
        (-45, 0, Movement.RIGHT),
        (0, 25, Movement.UP),
        (0, -25, Movement.UP),
        (25, 0, None),
    ],
)
def test_movements_beyond_doubt(yaw: float, pitch: float, plain: Movement | None) -> None:
    moved = motion(shape(turned()), shape(turned(yaw, pitch)))
    assert moved is not None
    assert change(moved).plainly() is plain


@pytest.mark.parametrize(
    ("yaw", "pitch", "expected"),
    [(0, 0, True), (20, 0, True), (-20, 8, True), (60, 0, False), (-60, 0, False), (0, 60, False)],
)
def test_a_session_begins_with_a_face_from_the_front(yaw: float, pitch: float, *, expected: bool) -> None:
    assert frontal(shape(turned(yaw, pitch))) is expected


def test_points_that_coincide_or_are_in_a_line_have_no_motion() -> None:
    assert HeadShape.of(np.zeros((5, 2), np.float32)) is None
    line = HeadShape.of(np.array([[0, 0], [1, 0], [2, 0], [3, 0], [4, 0]], np.float32))
    assert line is not None
    assert motion(shape(turned()), line) is None
    assert motion(line, shape(turned())) is None
    assert not frontal(line)
