"""The movements that a liveness session asks for."""

from enum import StrEnum
from itertools import permutations


class Movement(StrEnum):
    """What the person is asked to do with their head."""

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
    """All that may be asked for: no movement twice, and at least one turn to a side, which a photo can do least.

    All of one length: if some began as shorter ones do, the recording of one would pass for another.
    """
    return [chosen for chosen in permutations(Movement, length) if SIDES.intersection(chosen)]
