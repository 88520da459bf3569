"""What is counted when decisions by estimates are held against those by embeddings. It needs no photos."""

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from application.analysis.embedding import Fidelity
from application.evaluation.datasets.evaluation_set import EvaluationSet
from domain.faces import Embedding
from domain.identification import Decision, RankedPerson, Verdict, verdict
from domain.people import Face, FaceId, ProfileId
from tests.accuracy.estimates.galleries import Estimated, Gallery, Outcome, Search, doubtful_from, drawn
from tests.accuracy.estimates.photos import AS_IT_IS, AnalysedPhoto, PhotoSet, read_photos, write_photos
from tests.accuracy.estimates.report import by_kind, by_people, expected, left_out, needed, report
from tests.accuracy.estimates.steps import Step, Steps
from tests.accuracy.mixed_galleries import embedded
from tests.accuracy.worse import WAYS, made_worse
from tests.unit.fakes import policy

MARGIN = 0.02
FACE = Face(FaceId(1), ProfileId(1), "", "", "", "default")
ADA, BOB = Outcome(Verdict.MATCH, "Ada"), Outcome(Verdict.MATCH, "Bob")
NOBODY = Outcome(Verdict.UNKNOWN, None)


def embedding(*vector: float) -> Embedding:
    array = np.array(vector, np.float32)
    return Embedding(array / np.linalg.norm(array), "colour", 10.0)


def photo(
    person: str, exact: Embedding, *estimates: tuple[Fidelity, Embedding], kind: str = AS_IT_IS
) -> AnalysedPhoto:
    steps = [Step(vector, fidelity, 0.05, 5.0) for fidelity, vector in estimates]
    return AnalysedPhoto(person, kind, Steps("plain", (*steps, Step(exact, Fidelity.EXACT, 0.0, 14.0))))


def search(outcome: Outcome, doubtful: float, kind: str = AS_IT_IS) -> Search:
    """A search that names Ada by the embedding, and has the given outcome by a coarse estimate."""
    estimated = Estimated(Fidelity.COARSE, outcome, doubtful, doubtful + 0.1)
    return Search(kind, "Ada", ADA, (estimated,), (5.0, 14.0), mated=True)


@pytest.mark.parametrize(
    "similarities",
    [[0.8], [0.3], [0.8, 0.3], [0.8, 0.7], [0.8, 0.79], [0.52, 0.49], [0.45, 0.44], [0.4, 0.39]],
)
def test_a_decision_is_doubtful_from_the_error_that_is_told(similarities: list[float]) -> None:
    people = tuple(
        RankedPerson(ProfileId(row), "", each, FACE, each) for row, each in enumerate(similarities)
    )
    decision = Decision(verdict(people, 0.5, MARGIN), people, 0.5, 0.42, None, len(people))
    error = doubtful_from(decision, MARGIN)
    assert decision.doubtful(MARGIN, max(error, 0) + 1e-6)
    assert error <= 0 or not decision.doubtful(MARGIN, error - 1e-6)


def test_the_first_estimate_without_doubt_decides() -> None:
    certain, doubtful = search(NOBODY, 1.5), search(NOBODY, 0.5)
    assert certain.outcome() == NOBODY
    assert certain.other()
    assert doubtful.outcome() == ADA
    assert not doubtful.other()
    assert doubtful.other({Fidelity.COARSE: 0.4})


def test_what_would_do_counts_other_decisions_only() -> None:
    found = [search(ADA, 0.9), search(BOB, 0.4), search(NOBODY, 0.6)]
    assert needed(found)[Fidelity.COARSE] == 0.6
    assert needed(found[:1])[Fidelity.COARSE] == 0


def test_expected_are_distances_that_as_large_errors_meet() -> None:
    # One search of four is decided by its estimate, at a distance of 2. One error of four, 2.1, is larger.
    assert expected([search(ADA, 2), search(ADA, 0.3), search(ADA, 0.3), search(ADA, 0.3)]) == 1 / 4 / 2 / 4
    assert expected([search(ADA, 0.3)]) == 0


def test_a_group_that_needs_more_than_the_others_is_decided_otherwise_with_what_they_need() -> None:
    groups = {"lit": [search(NOBODY, 0.5)], "dark": [search(NOBODY, 0.7), search(NOBODY, 0.55)]}
    header, _, lit, dark = left_out(groups)
    assert "a fifth more" in header
    assert lit.startswith("| lit | 1 | 0.50, 0.00, 0.00 | 0.70, 0.00, 0.00 | 0, 0 | 0 |")
    # With 0.5 both differ; a fifth more, 0.6, leaves one.
    assert dark.startswith("| dark | 2 | 0.70, 0.00, 0.00 | 0.50, 0.00, 0.00 | 2, 1 | 0 |")


def test_searches_are_those_of_estimates_and_embedding() -> None:
    gallery = Gallery.of(policy(MARGIN), {"Ada": embedding(1, 0, 0), "Bob": embedding(0, 1, 0)})
    estimate = (Fidelity.COARSE, embedding(0.2, 1, 0))
    found = gallery.search(photo("Ada", embedding(1, 0.2, 0), estimate))
    assert found.mated
    assert found.exact == ADA
    assert found.estimates[0].outcome == BOB
    assert found.other()
    assert gallery.search(photo("Eve", embedding(0, 0, 1))).exact == NOBODY


def test_people_of_other_sets_fill_a_gallery() -> None:
    own = PhotoSet.of("own", [photo(name, embedding(1, 0)) for name in "abcd"], Counter())
    others = PhotoSet.of("others", [photo(name, embedding(1, 0)) for name in "efghij"], Counter())
    people = drawn([own, others], own, 5, np.random.default_rng(1))
    assert len(people) == 5
    assert len(people.keys() & own.enrolled.keys()) == 2


def test_people_of_the_same_name_in_two_sets_are_two_people() -> None:
    vectors = np.eye(2, 3, dtype=np.float32)
    sets = [
        EvaluationSet(name, vectors, ("Ada", "Bob"), ("1.jpg", "2.jpg"), {}, np.array([1, 0.8], np.float32))
        for name in ("one", "other")
    ]
    one, other = (embedded(each, "colour", 10.0) for each in sets)
    assert not one.enrolled.keys() & other.enrolled.keys()
    ((photo,),) = (photos for person, photos in one.enrolled.items() if person.endswith("Bob"))
    assert photo.steps.exact.norm == pytest.approx(8)
    assert not photo.steps.exact.vector @ vectors[0]


def test_photos_that_were_made_worse_are_searched_for_and_not_enrolled() -> None:
    worse = photo("Ada", embedding(1, 0), kind="dark")
    photos = PhotoSet.of("set", [photo("Ada", embedding(1, 0)), worse], Counter())
    assert photos.probes == [worse]
    assert [each.kind for each in photos.enrolled["Ada"]] == [AS_IT_IS]


def test_photos_that_are_kept_are_read_as_they_were(tmp_path: Path) -> None:
    kept = photo("Ada", embedding(1, 2), (Fidelity.BOTH_VIEWS, embedding(1, 1)), kind="dark")
    write_photos(tmp_path / "set.npz", [kept, photo("Bob", embedding(0, 1))], Counter({"dark": 2}))
    photos = read_photos(tmp_path / "set.npz")
    assert (photos.name, photos.refused, list(photos.enrolled)) == ("set", {"dark": 2}, ["Bob"])
    (read,) = photos.probes
    estimate, exact = read.steps.steps
    assert (read.person, read.kind, read.steps.begun) == ("Ada", "dark", "plain")
    assert (estimate.fidelity, estimate.error, estimate.ms) == (Fidelity.BOTH_VIEWS, 0.05, 5.0)
    assert exact.embedding.norm == 10.0
    np.testing.assert_array_equal(exact.embedding.vector, kept.steps.exact.vector)


def test_groups_are_of_kinds_and_of_people() -> None:
    searches = {
        ("lit", 2): [search(ADA, 1)],
        ("lit_worse", 2): [search(BOB, 0.2, "dark")],
        ("x", 2): [search(ADA, 1)],
    }
    sets = [
        PhotoSet.of(name, [photo(person, embedding(1, 0))], Counter())
        for name, person in (("lit", "Ada"), ("lit_worse", "Ada"), ("x", "Eve"))
    ]
    assert {name: len(found) for name, found in by_people(searches, sets).items()} == {"lit": 2, "x": 1}
    assert {name: len(found) for name, found in by_kind(searches).items()} == {AS_IT_IS: 2, "dark": 1}
    row = "| lit_worse, 2 | 1, 0 | 0, 0 | 0.0e+00 | 0.20, 0.00, 0.00 | 0.30, 0.00, 0.00 | 0.00%, none, none |"
    assert row in list(report(searches))


@pytest.mark.parametrize("way", WAYS)
def test_a_photo_that_is_made_worse_is_another_photo(way: str) -> None:
    draw = np.random.default_rng(3)
    squares, tints = (draw.integers(0, 120, shape, dtype=np.uint8) for shape in ((24, 24, 1), (2, 2, 3)))
    light, colours = (cv2.resize(each, (120, 120)) for each in (squares, tints))
    image = np.asarray(light[:, :, None] + colours, np.uint8)
    _, file = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 92])
    plain, worse = (
        np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.float32)
        for data in (file.tobytes(), made_worse(image, way, draw))
    )
    assert worse.shape != image.shape or np.abs(worse - image).max() > 2 * np.abs(plain - image).max()
