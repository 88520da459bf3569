import math

import numpy as np
import pytest

from adapters.imaging.quality import LandmarkQualityAssessor, head_pose
from domain.faces import Box, Crop, DetectedFace, Landmarks, ScaledImage
from domain.quality import LENIENT, NO_BOUNDS, STRICT, LowQuality, Measure, QualityBounds, QualityReport
from entrypoints.bootstrap.values import parse_bounds

HEAD = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.645, -0.42], [-0.415, 1.156, -0.05], [0.415, 1.156, -0.05]])
"""Right, down, away."""
GOOD = {
    Measure.INTER_EYE_DISTANCE: 60.0,
    Measure.DETECTION_SCORE: 0.93,
    Measure.SHARPNESS: 2.0,
    Measure.LUMINANCE: 130.0,
    Measure.OVER_EXPOSURE: 0.0,
    Measure.EYE_VISIBILITY: 0.8,
    Measure.YAW: 0.0,
    Measure.PITCH: 0.0,
    Measure.ROLL: 0.0,
    Measure.INSIDE: 1.0,
    Measure.EMBEDDING_NORM: 1.2,
}
BAD = {
    Measure.INTER_EYE_DISTANCE: 5.0,
    Measure.DETECTION_SCORE: 0.5,
    Measure.SHARPNESS: 0.1,
    Measure.LUMINANCE: 5.0,
    Measure.OVER_EXPOSURE: 0.9,
    Measure.EYE_VISIBILITY: 0.05,
    Measure.INSIDE: 0.2,
    Measure.EMBEDDING_NORM: 0.3,
}


def turned(yaw: float, pitch: float, roll: float) -> Landmarks:
    """The head's landmarks in a photo; degrees."""
    a, b, c = np.radians([yaw, pitch, roll])
    # The face looks to -z: turning to its left moves the nose to the right in the photo.
    vertical = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
    across = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    plane = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray((HEAD @ (plane @ across @ vertical).T)[:, :2] * 40 + 100, dtype=np.float32)


def test_a_frontal_head_has_no_angles() -> None:
    assert head_pose(turned(0, 0, 0)) == pytest.approx((0, 0, 0), abs=0.1)


@pytest.mark.parametrize("angle", [-35, -15, 10, 30])
def test_yaw_pitch_and_roll_are_told_apart(angle: float) -> None:
    assert head_pose(turned(angle, 0, 0)) == pytest.approx((angle, 0, 0), abs=2)
    assert head_pose(turned(0, angle, 0)) == pytest.approx((0, angle, 0), abs=2)
    assert head_pose(turned(0, 0, angle)) == pytest.approx((0, 0, angle), abs=2)


def test_a_nose_to_the_right_is_a_head_turned_to_its_left_and_one_further_down_is_bent_down() -> None:
    points = turned(0, 0, 0)
    points[2] += (8, 8)
    yaw, pitch, _ = head_pose(points)
    assert yaw > 5
    assert pitch > 5


def crop(value: int = 128) -> Crop:
    noise = np.random.default_rng(0).integers(-20, 21, (112, 112, 1))
    return np.clip(np.full((112, 112, 3), value) + noise, 0, 255).astype(np.uint8)


def assess(
    face: Crop, box: Box = Box(20, 20, 60, 80), landmarks: Landmarks | None = None
) -> dict[Measure, float]:
    detected = DetectedFace(box, 0.9, landmarks)
    image = ScaledImage(np.zeros((200, 200, 3), np.uint8))
    return dict(LandmarkQualityAssessor().assess(image, detected, face).values)


def test_blur_lowers_sharpness_and_brightness_does_not() -> None:
    smooth = crop()
    smooth[1:-1, 1:-1] = smooth[:-2, 1:-1] // 3 + smooth[1:-1, 1:-1] // 3 + smooth[2:, 1:-1] // 3
    sharp, dark = assess(crop()), assess((crop() // 2).astype(np.uint8))
    assert assess(smooth)[Measure.SHARPNESS] < 0.8 * sharp[Measure.SHARPNESS]
    assert dark[Measure.SHARPNESS] == pytest.approx(sharp[Measure.SHARPNESS], rel=0.05)
    assert dark[Measure.LUMINANCE] == pytest.approx(sharp[Measure.LUMINANCE] / 2, abs=1)


def test_measures_are_pythons_own_numbers() -> None:
    """As JSON takes them; numpy's pass for them in types."""
    assert {type(value) for value in assess(crop(), landmarks=turned(10, 5, 3)).values()} == {float}


def test_burnt_out_pixels_are_counted() -> None:
    face = crop()
    face[:, :56] = 255
    assert assess(face)[Measure.OVER_EXPOSURE] == pytest.approx(0.5, abs=0.02)
    assert assess(crop())[Measure.OVER_EXPOSURE] == 0


def test_dark_glasses_lower_eye_visibility() -> None:
    face = crop()
    face[42:62, 26:86] = 15
    assert assess(face)[Measure.EYE_VISIBILITY] < 0.3
    assert assess(crop())[Measure.EYE_VISIBILITY] == pytest.approx(1, abs=0.05)


def test_a_face_may_be_cut_by_the_border() -> None:
    assert assess(crop(), Box(20, 20, 60, 80))[Measure.INSIDE] == 1
    assert assess(crop(), Box(-30, 20, 60, 80))[Measure.INSIDE] == 0.5
    assert assess(crop(), Box(-90, 20, 60, 80))[Measure.INSIDE] == 0


def test_what_landmarks_tell_is_unknown_without_them() -> None:
    pose = {Measure.INTER_EYE_DISTANCE, Measure.YAW, Measure.PITCH, Measure.ROLL}
    assert not pose & assess(crop()).keys()
    assert assess(crop(), landmarks=turned(0, 0, 0))[Measure.INTER_EYE_DISTANCE] == pytest.approx(40)


@pytest.mark.parametrize("yaw", [-80, -40, 0, 60, 89])
def test_a_turned_head_has_the_size_that_it_has_from_the_front(yaw: float) -> None:
    size = assess(crop(), landmarks=turned(yaw, 0, 20))[Measure.INTER_EYE_DISTANCE]
    assert size == pytest.approx(40, abs=1)


def test_a_norm_that_is_not_known_is_left_out() -> None:
    face = DetectedFace(Box(0, 0, 9, 9), 0.9)
    image = ScaledImage(np.zeros((20, 20, 3), np.uint8))
    assess_ = LandmarkQualityAssessor().assess
    assert Measure.EMBEDDING_NORM not in assess_(image, face, crop(), math.nan).values
    assert assess_(image, face, crop(), 0.8).values[Measure.EMBEDDING_NORM] == 0.8


@pytest.mark.parametrize("bounds", [LENIENT, STRICT])
def test_a_good_face_misses_no_bound(bounds: QualityBounds) -> None:
    assert QualityReport(GOOD).reasons(bounds) == ()


@pytest.mark.parametrize("bounds", [LENIENT, STRICT])
def test_every_bound_is_missed_by_something(bounds: QualityBounds) -> None:
    reasons = QualityReport(BAD).reasons(bounds)
    assert {reason.measure for reason in reasons} == set(bounds.limits)
    assert all(reason.bound == bounds.limits[reason.measure] for reason in reasons)


def test_strict_is_nowhere_looser_than_lenient() -> None:
    for measure, limit in LENIENT.limits.items():
        assert not QualityReport({measure: STRICT.limits[measure]}).reasons(LENIENT)
        assert QualityReport({measure: limit}).reasons(STRICT)


def test_a_value_on_the_bound_is_good_enough() -> None:
    assert QualityReport(LENIENT.limits).reasons(LENIENT) == ()


def test_what_was_not_measured_misses_no_bound() -> None:
    assert QualityReport({}).reasons(STRICT) == ()


def test_low_quality_names_measure_value_and_bound() -> None:
    report = QualityReport(GOOD | {Measure.INTER_EYE_DISTANCE: 5.25, Measure.ROLL: -50})
    with pytest.raises(LowQuality) as caught:
        report.require(LENIENT.but({Measure.ROLL: 45}))
    assert caught.value.detail == (
        "The photo is not good enough: inter_eye_distance is 5.25, at least 6 is needed;"
        " roll is -50, at most, either way, 45 is needed."
    )
    assert [reason.measure for reason in caught.value.reasons] == [Measure.INTER_EYE_DISTANCE, Measure.ROLL]


def test_no_bounds_refuse_nothing() -> None:
    QualityReport(BAD).require(NO_BOUNDS)
    assert QualityReport(BAD).reasons(NO_BOUNDS) == ()


def test_each_flaw_lowers_the_combined_quality() -> None:
    best = QualityReport(GOOD).score
    assert best == 1
    for measure, value in BAD.items():
        assert 0.5 <= QualityReport(GOOD | {measure: value}).score < 0.95
    assert QualityReport(BAD).score < 0.01


def test_the_pose_takes_nothing_from_the_combined_quality() -> None:
    turned_away = {Measure.YAW: 40.0, Measure.PITCH: -50.0, Measure.ROLL: 60.0}
    assert QualityReport(GOOD | turned_away).score == 1
    QualityReport(GOOD | turned_away).require(STRICT)


def test_bounds_are_changed_one_by_one() -> None:
    bounds = parse_bounds("sharpness=off, inter_eye_distance=24,yaw=40", LENIENT)
    assert bounds.limits == {
        **{m: limit for m, limit in LENIENT.limits.items() if m is not Measure.SHARPNESS},
        Measure.INTER_EYE_DISTANCE: 24,
        Measure.YAW: 40,
    }


@pytest.mark.parametrize(("text", "bounds"), [("off", NO_BOUNDS), ("strict", STRICT), ("lenient", LENIENT)])
def test_profiles_have_names(text: str, bounds: QualityBounds) -> None:
    assert parse_bounds(text, STRICT) == bounds


def test_bounds_can_start_from_nothing() -> None:
    assert parse_bounds("off,luminance=30", STRICT).limits == {Measure.LUMINANCE: 30}


@pytest.mark.parametrize(
    "text", ["loose", "sharpness", "sharpness=", "sharpness=high", "beauty=1", "roll=nan"]
)
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text.rsplit("=", maxsplit=1)[-1] or "sharpness"):
        parse_bounds(text, STRICT)
