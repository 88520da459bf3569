"""Thresholds that are fitted to people enrolled hardly move when a few of them are enrolled twice."""

import numpy as np
import pytest

from application.decisions import ComparedFaces, DecisionPolicy
from application.evaluation.calibration.calibrate import fit
from application.evaluation.metrics.normalisation import normalise
from domain.faces import Embedding
from domain.impostors import COHORT_SIZE, Cohort
from domain.models import ModelChoice
from tests.accuracy.conftest import Benchmark

TWICE = 0.02
COMPARED = 200


@pytest.mark.parametrize("people", [50, 100, COHORT_SIZE])
def test_two_in_a_hundred_enrolled_twice_move_a_threshold_by_less_than_a_hundredth(
    benchmark: Benchmark, people: int
) -> None:
    photos = benchmark.embedded
    vectors, persons = photos.vectors[photos.found], photos.people[photos.found]
    table = fit([normalise("lfw", vectors, persons)], ModelChoice("yunet", "sface"), "lfw")
    policy = DecisionPolicy({"sface": table}.get, target_fmr=1e-4, target_fpir=0.01, margin=0)
    random = np.random.default_rng(6)
    of_person = {person: np.flatnonzero(persons == person) for person in np.unique(persons)}
    several = [person for person, rows in of_person.items() if len(rows) > 1]
    twice = random.choice(several, round(TWICE * people), replace=False)
    others = random.permutation([person for person in of_person if person not in set(twice)])
    first = [of_person[person][0] for person in (*twice, *others)]
    second = [of_person[person][1] for person in twice]

    once = Cohort.of(people, vectors[first[:people]])
    doubled = Cohort.of(people + len(twice), vectors[[*first[:people], *second]])
    moved = [
        abs(
            policy.verification("sface", faces=ComparedFaces(doubled, *faces)).similarity
            - policy.verification("sface", faces=ComparedFaces(once, *faces)).similarity
        )
        for rows in random.integers(0, len(vectors), (COMPARED, 2)).tolist()
        for faces in [[Embedding(vectors[row], "sface") for row in rows]]
    ]
    assert np.mean(moved) < 0.002
    # Of fewer people, one is so large a part that it may move some comparisons further.
    assert max(moved) < (0.01 if people >= 100 else 0.02)
