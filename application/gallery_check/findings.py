"""What a sweep's matches say of people and faces."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.gallery_check.scores import FaceScores, ScoredFaces
from application.gallery_check.sweep import FacePairs
from domain.gallery_check import LikePeople, MisfitFace, MisfitRule, ResembledPerson, own_fit
from domain.people import FaceId, ProfileId

MOST_REFERENCES = 256
"""Faces of a person that the others are compared with, evenly chosen."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A face that doesn't fit, before it is known whom it resembles."""

    row: int
    """Among the probes."""
    reference: int
    """The row of the face of its person that it is as similar to as to the median of them."""
    lead: float
    resembled: ProfileId | None


def doubts(
    scores: FaceScores,
    probes: ScoredFaces,
    best: NDArray[np.float64],
    person: NDArray[np.int64],
    rule: MisfitRule,
) -> Iterator[Doubt]:
    """The probes, all faces of some people, that don't fit their person; `best` and `person` are the sweep's."""
    for rows in rows_of_people(probes.table.person_ids):
        if len(rows) < 2:  # noqa: PLR2004 - one face fits itself
            continue
        references = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_REFERENCES)).astype(np.intp)]
        similar = scores.all_pairs(probes.take(rows), probes.take(references))
        similar[rows[:, None] == references] = -np.inf
        own, columns = own_fit(similar)
        for place, lead in rule.suspects(own, best[rows]):
            row = int(rows[place])
            resembled = ProfileId(int(person[row])) if best[row] >= rule.match else None
            yield Doubt(row, int(references[columns[place]]), lead, resembled)


def misfit(
    scores: FaceScores, fmr: float, probes: ScoredFaces, doubt: Doubt, strangers: Mapping[int, ScoredFaces]
) -> MisfitFace:
    """What is answered of a doubt; `strangers` has the faces of the person whom it resembles."""
    row, reference, resembles = doubt.row, doubt.reference, None
    others = None if doubt.resembled is None else strangers.get(doubt.resembled)
    if others is not None and doubt.resembled is not None:
        near = int(scores.all_pairs(probes.take(slice(row, row + 1)), others)[0].argmax())
        resembles = ResembledPerson(
            doubt.resembled,
            FaceId(int(others.table.face_ids[near])),
            scores.similarity(probes, row, others, near),
            scores.threshold(fmr, probes, row, others, near),
        )
    return MisfitFace(
        FaceId(int(probes.table.face_ids[row])),
        ProfileId(int(probes.table.person_ids[row])),
        scores.similarity(probes, row, probes, reference),
        scores.threshold(fmr, probes, row, probes, reference),
        resembles,
        doubt.lead,
    )


def like_people(
    scores: FaceScores,
    match_fmr: float,
    search_fmr: float,
    pairs: FacePairs,
    people: Mapping[int, ScoredFaces],
) -> Iterator[LikePeople]:
    """Pairs of people whose faces are alike, those that aren't a match included.

    Faces count as alike at `match_fmr`, the accepted rate of a verification. `search_fmr`, that of a comparison in a
    search, is divided by how many comparisons of faces two people make, as any of one may match any of the other.
    """
    match = scores.table.score_at(match_fmr)
    for one_id, other_id in pairs.people.tolist():
        one, other = people.get(one_id), people.get(other_id)
        if one is None or other is None:
            continue  # they went meanwhile
        similar = scores.all_pairs(one, other)
        row, column = divmod(int(similar.argmax()), len(other))
        fmr = search_fmr / similar.size
        alike = similar >= match
        yield LikePeople(
            ProfileId(one_id),
            ProfileId(other_id),
            FaceId(int(one.table.face_ids[row])),
            FaceId(int(other.table.face_ids[column])),
            scores.similarity(one, row, other, column),
            scores.threshold(fmr, one, row, other, column),
            float(min(alike.any(axis=1).mean(), alike.any(axis=0).mean())),
            float(similar[row, column]) - scores.table.score_at(fmr),
        )


def by_person(faces: ScoredFaces) -> Mapping[int, ScoredFaces]:
    """The faces of each person."""
    return {
        int(faces.table.person_ids[rows[0]]): faces.take(rows)
        for rows in rows_of_people(faces.table.person_ids)
    }


def rows_of_people(person_ids: NDArray[np.int64]) -> Iterable[NDArray[np.intp]]:
    """The rows of each person; the rows are in the order of people."""
    if not len(person_ids):
        return []
    return np.split(np.arange(len(person_ids)), np.flatnonzero(np.diff(person_ids)) + 1)
