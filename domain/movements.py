"""The movements that a liveness session asks for."""

from enum import StrEnum
from itertools import pairwise, product


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
    """All that may be asked for.

    No movement twice in a row; `closer`, which a photo can do too, at most once; at least one turn to a side, which
    it can do least. All of one length: if some began as shorter ones do, the recording of one would pass for another.
    """
    return [
        chosen
        for chosen in product(Movement, repeat=length)
        if all(first is not second for first, second in pairwise(chosen))
        and chosen.count(Movement.CLOSER) <= 1
        and SIDES.intersection(chosen)
    ]
