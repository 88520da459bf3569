"""Capture conditions: whether a photo shows what presentation attack detection needs.

Networks that were trained on colour photos of faces in their surroundings give living people and attacks the
same scores where colour, pixels or surroundings are missing. Such a photo is no evidence of an attack.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from domain.faces import Box, Image

SURROUNDINGS = 2.7
"""Side of the examined region, in sides of the face's box: the smallest crop that any of the networks takes."""

_GRID = 32
"""Cells per direction to which the region is averaged, so that sensor noise and JPEG's coarse chroma do not count
as colour."""
_SAMPLES = 256
"""Pixels sampled per direction for that."""


class UndeterminedReason(StrEnum):
    """Why the liveness of a face is undetermined."""

    GREY = "grey"
    """The photo has no colours, hardly any, or shades of one only, as a tinted one."""
    TOO_SMALL = "too_small"
    """The face and its surroundings have too few pixels."""
    TOO_CROPPED = "too_cropped"
    """The photo ends too near to the face."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Capture conditions of one face, measured in its photo."""

    chroma: float
    """Mean distance of the face's colours from grey, in the plane of Cb and Cr, 0..181."""
    colour_variation: float
    """Root mean square of what Cb and Cr of the region have beyond a quadratic function of its brightness.
    Near zero in grey and in tinted (sepia) photos."""
    region: float
    """Pixels of the region's shorter side."""
    surroundings: float
    """Side of the largest region of the face's proportions that the photo has, in sides of its box."""


@dataclass(frozen=True, slots=True)
class CaptureLimits:
    """Minimum capture conditions for a verdict; 0 disables a limit."""

    chroma: float = 0
    colour_variation: float = 0
    region: float = 0
    surroundings: float = 0

    def missed(self, capture: Capture) -> tuple[UndeterminedReason, ...]:
        """The limits that a capture misses; empty if a verdict is possible."""
        found = {
            UndeterminedReason.GREY: capture.chroma < self.chroma
            or capture.colour_variation < self.colour_variation,
            UndeterminedReason.TOO_SMALL: capture.region < self.region,
            UndeterminedReason.TOO_CROPPED: capture.surroundings < self.surroundings,
        }
        return tuple(reason for reason, applies in found.items() if applies)


NO_LIMITS = CaptureLimits()
MINIFASNET_LIMITS = CaptureLimits(chroma=5, colour_variation=1.5, region=96, surroundings=1.2)
"""Where the live scores of the MiniFASNet networks collapse; docs/liveness.md has the measurement."""


def measure(image: Image, box: Box) -> Capture:
    """Measure the capture conditions of the face in `box`."""
    height, width = image.shape[:2]
    left, top, right, bottom = surroundings(box, width, height, SURROUNDINGS)
    _, chroma = _colours(image, surroundings(box, width, height, 1))
    luma, colour = _colours(image, (left, top, right, bottom))
    basis = np.stack([np.ones_like(luma), luma, luma * luma], axis=1)
    explained = basis @ np.linalg.lstsq(basis, colour, rcond=None)[0]
    return Capture(
        chroma=float(np.linalg.norm(chroma, axis=1).mean()),
        colour_variation=float(np.sqrt(((colour - explained) ** 2).sum(axis=1).mean())),
        region=min(right - left, bottom - top),
        surroundings=_possible(box, width, height),
    )


def surroundings(box: Box, width: int, height: int, times: float) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the box, enlarged around its centre, in an image of width x height.

    Where that reaches beyond the image it is moved to stay inside, and where the image is too small it is
    enlarged less, in both directions alike: networks must see the proportions of a face. At least one pixel.
    """
    times = min(times, _possible(box, width, height))
    wide, high = max(box.width * times, 1), max(box.height * times, 1)
    left = min(max(box.x + box.width / 2 - wide / 2, 0), width - wide)
    top = min(max(box.y + box.height / 2 - high / 2, 0), height - high)
    return int(left), int(top), max(int(left + wide), int(left) + 1), max(int(top + high), int(top) + 1)


def _possible(box: Box, width: int, height: int) -> float:
    return min((width - 1) / max(box.width, 1), (height - 1) / max(box.height, 1))


def _colours(
    image: Image, region: tuple[int, int, int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """N luma, 0..1, and N x 2 (Cr, Cb), 0 for grey, of a region's cells (ITU-R BT.601, full range)."""
    left, top, right, bottom = region
    pixels = image[
        top : bottom : max(1, (bottom - top) // _SAMPLES), left : right : max(1, (right - left) // _SAMPLES)
    ].astype(np.float64)
    for axis in (0, 1):
        length = pixels.shape[axis]
        starts = np.linspace(0, length, min(_GRID, length), endpoint=False).astype(np.intp)
        sums = np.add.reduceat(pixels, starts, axis=axis)
        counts = np.diff(starts, append=length)
        pixels = sums / counts.reshape([-1 if at == axis else 1 for at in range(3)])
    blue, green, red = pixels.reshape(-1, 3).T
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return luma / 255, np.stack([0.713 * (red - luma), 0.564 * (blue - luma)], axis=1)
