"""The movements that a liveness session asks for."""

from enum import StrEnum
from itertools import permutations


class Movement(StrEnum):
    """Head movements."""

    LEFT = "left"
    """Turn to their own left."""
    RIGHT = "right"
    """Turn to their own right."""
    UP = "up"
    """Raise the chin. A lowered chin counts as well: as nobody is asked for that, it gives nothing away."""
    CLOSER = "closer"
    """Come nearer to the camera, facing it."""


SIDES = frozenset({Movement.LEFT, Movement.RIGHT})


def sequences(length: int) -> list[tuple[Movement, ...]]:
    """All challenges: no movement twice, and at least one turn to a side, which is hardest to imitate with a photo.

    All have the same length: if one were the beginning of another, the recording of the longer would pass for both.
    """
    return [chosen for chosen in permutations(Movement, length) if SIDES.intersection(chosen)]
