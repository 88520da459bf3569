"""How near people are by the database's vectors, which decides, whatever an index said."""

import numpy as np
from numpy.typing import NDArray

from domain.identification import Candidate

_DECIMALS = 6
"""Similarities that agree to so many decimals are ties."""


def nearness(probe: NDArray[np.float32], candidate: Candidate) -> tuple[float, int]:
    """The similarity of the nearest face, and that face's id, which decides ties."""
    similarities = np.vecdot(candidate.vectors, probe).round(_DECIMALS)
    nearest = int(np.argmax(similarities))
    return similarities[nearest], candidate.faces[nearest].id
