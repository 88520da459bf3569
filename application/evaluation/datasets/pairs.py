"""Pairs of photos to compare, as in the `pairs.txt` of Labeled Faces in the Wild (Huang et al., 2007).

The first line says `F N` (F folds) or `N` (one fold): each fold has N genuine pairs, `name n m`, followed by
N impostor pairs, `name n othername m`. Fields are separated by tabs or spaces.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from application.evaluation.errors import EvaluationError

CUTS = 10
"""Parts that a single fold is cut into: the threshold of each part comes from the others."""

GENUINE_FIELDS, IMPOSTOR_FIELDS = 3, 4


@dataclass(frozen=True, slots=True)
class PhotoName:
    """One photo: `person/person_0001.jpg` is number 1 of a person."""

    person: str
    number: int

    def __str__(self) -> str:
        return f"{self.person}_{self.number:04d}"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos to compare."""

    left: PhotoName
    right: PhotoName
    fold: int
    """From 0."""

    @property
    def genuine(self) -> bool:
        """Whether both show the same person."""
        return self.left.person == self.right.person


@dataclass(frozen=True, slots=True)
class PairProtocol:
    """The pairs of a file, in its order."""

    pairs: tuple[Pair, ...]

    @property
    def photos(self) -> list[PhotoName]:
        """Each photo once, in the order of appearance."""
        return list(dict.fromkeys(photo for pair in self.pairs for photo in (pair.left, pair.right)))

    @property
    def genuine(self) -> NDArray[np.bool_]:
        """One a pair."""
        return np.array([pair.genuine for pair in self.pairs])

    @property
    def folds(self) -> NDArray[np.intp]:
        """One a pair."""
        return np.array([pair.fold for pair in self.pairs])


def parse_pairs(text: str) -> PairProtocol:
    """Read a pairs file.

    Raises:
        EvaluationError: it is malformed; the message names the line.
    """
    lines = [(number, line.split()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise EvaluationError("the pairs file is empty")
    folds, size = _header(lines[0][1])
    if folds * size == 1:
        raise EvaluationError("the pairs file has one pair of each kind: two are the least")
    rows = lines[1:]
    if len(rows) != 2 * folds * size:
        raise EvaluationError(
            f"the pairs file has {len(rows)} pairs; its first line announces {2 * folds * size}"
            f" ({folds} x {size} genuine and {folds} x {size} impostor)"
        )
    return PairProtocol(
        tuple(
            _pair(fields, number, fold=_fold(index, folds, size), genuine=index // size % 2 == 0)
            for index, (number, fields) in enumerate(rows)
        )
    )


def _header(fields: Sequence[str]) -> tuple[int, int]:
    numbers = [_positive(field) for field in fields]
    if len(numbers) not in {1, 2} or None in numbers:
        raise EvaluationError("the pairs file's line 1 must be two numbers, folds and pairs, or one")
    folds, size = (numbers if len(numbers) > 1 else [1, *numbers])[:2]
    return folds or 1, size or 1


def _fold(index: int, folds: int, size: int) -> int:
    return index // (2 * size) if folds > 1 else index % size * CUTS // size


def _pair(fields: Sequence[str], line: int, *, fold: int, genuine: bool) -> Pair:
    wanted = GENUINE_FIELDS if genuine else IMPOSTOR_FIELDS
    if len(fields) != wanted:
        form = "name n m" if genuine else "name n othername m"
        raise EvaluationError(f"the pairs file's line {line} must be `{form}`: it has {len(fields)} fields")
    names = (fields[0], fields[0]) if genuine else (fields[0], fields[2])
    numbers = (fields[1], fields[-1])
    left, right = (_photo(name, number, line) for name, number in zip(names, numbers, strict=True))
    if left == right or (left.person == right.person) != genuine:
        raise EvaluationError(f"the pairs file's line {line} compares {left} with {right}")
    return Pair(left, right, fold)


def _photo(person: str, number: str, line: int) -> PhotoName:
    value = _positive(number)
    if value is None:
        raise EvaluationError(f"the pairs file's line {line}: {number!r} is no photo's number")
    return PhotoName(person, value)


def _positive(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None
