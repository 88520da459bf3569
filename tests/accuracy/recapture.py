"""Photos as if printed or shown on a screen and photographed again.

A development aid, and no attacks: what a printer, a screen and a camera leave in a picture is imitated by a few
formulas. Who passes these has not been shown to pass real ones, nor the other way about.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from domain.faces import Image

Picture = NDArray[np.float64]
"""H x W x 3, 0..255."""

SIDE = 640
"""Of the photo that is taken, in pixels."""
SPECIES = ("print", "tablet", "phone", "resampled")
"""`resampled` is the photo made as large as the others, without a trace of recapture: for comparison."""


def recaptured(image: Image, species: str, seed: int) -> Image:
    """The photo, presented and taken again; the same seed makes the same picture."""
    rng = np.random.default_rng([SPECIES.index(species), seed])
    if species == "resampled":
        side = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        return _photographed(side.astype(np.float64), rng, noise=1.5, blur=0.4)
    large = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC).astype(np.float64)
    if species == "print":
        held, share = _printed(large / 255, rng), rng.uniform(0.75, 0.98)
    else:
        held = _displayed(large, rng)
        share = rng.uniform(0.85, 1.0) if species == "tablet" else rng.uniform(0.45, 0.6)
    return _photographed(_held_up(held, _room(rng), share, rng), rng, noise=3, blur=0.7)


def _printed(picture: Picture, rng: np.random.Generator) -> Picture:
    """Dots at three angles, ink that isn't black, paper that isn't white, and its edge."""
    height, width = picture.shape[:2]
    down, right = np.mgrid[:height, :width]
    toned = picture ** rng.uniform(0.85, 1.2)
    period = rng.uniform(4, 6)
    dots = np.empty_like(toned)
    for channel, degrees in enumerate((15, 75, 45)):
        cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        along = np.sin((right * cosine + down * sine) * 2 * np.pi / period)
        across = np.sin((down * cosine - right * sine) * 2 * np.pi / period)
        dots[..., channel] = 1 / (1 + np.exp(-8 * (toned[..., channel] - 0.5 - 0.25 * (along + across))))
    ink = (0.13 + 0.75 * (dots + toned) / 2) * (1 + 0.03 * rng.normal(size=(height, width, 1)))
    edge = int(0.06 * width)
    paper = (0.86, 0.88, 0.9)
    return np.asarray(
        255 * cv2.copyMakeBorder(ink, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=paper), np.float64
    )


def _displayed(picture: Picture, rng: np.random.Generator) -> Picture:
    """Stripes of subpixels, a bluish white, a reflection, and the device's edge."""
    height, width = picture.shape[:2]
    down, right = np.mgrid[:height, :width]
    period = rng.uniform(2.6, 3.8)
    stripes = np.stack([1 + 0.35 * np.sin(2 * np.pi * (right / period + k / 3)) for k in range(3)], axis=-1)
    rows = (1 + 0.2 * np.sin(2 * np.pi * down / period))[..., None]
    shown = np.clip(picture * stripes * rows, 0, 255) * np.array([1.08, 1.0, 0.95]) + 8
    spot = (right - rng.uniform(0, width)) ** 2 + (down - rng.uniform(0, height)) ** 2
    shown += rng.uniform(0, 60) * np.exp(-spot / (2 * (0.2 * width) ** 2))[..., None]
    edge = int(0.05 * width)
    return np.asarray(
        cv2.copyMakeBorder(
            np.clip(shown, 0, 255), edge, 2 * edge, edge, edge, cv2.BORDER_CONSTANT, value=(12, 12, 12)
        ),
        np.float64,
    )


def _room(rng: np.random.Generator) -> Picture:
    """Blurred rectangles of several colours."""
    room = np.zeros((SIDE, SIDE, 3)) + rng.uniform(60, 190, 3)
    for _ in range(6):
        (left, right), (top, bottom) = np.sort(rng.integers(0, SIDE, (2, 2)), axis=1)
        room[top:bottom, left:right] = rng.uniform(30, 220, 3)
    return np.asarray(cv2.GaussianBlur(room, (0, 0), 4), np.float64)


def _held_up(held: Picture, room: Picture, share: float, rng: np.random.Generator) -> Picture:
    """Before the camera, not quite straight, `share` of the photo's side large."""
    height, width = held.shape[:2]
    times = share * SIDE / max(height, width)
    left, top = (SIDE - times * np.array([width, height])) / 2 + rng.uniform(-0.03, 0.03, 2) * SIDE
    right, bottom = left + times * width, top + times * height
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    corners += rng.uniform(-0.02, 0.02, (4, 2)) * SIDE
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    covered = cv2.warpPerspective(np.ones((height, width)), moved, (SIDE, SIDE))[..., None]
    return np.asarray(room * (1 - covered) + cv2.warpPerspective(held, moved, (SIDE, SIDE)), np.float64)


def _photographed(scene: Picture, rng: np.random.Generator, *, noise: float, blur: float) -> Image:
    """Blur, a white balance that is a little off, noise, JPEG."""
    seen = cv2.GaussianBlur(scene, (0, 0), blur * rng.uniform(0.8, 1.6)) * rng.uniform(0.92, 1.05, 3)
    seen = np.clip(seen + rng.normal(0, noise, seen.shape), 0, 255).astype(np.uint8)
    photo = cv2.imdecode(cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, 85])[1], cv2.IMREAD_COLOR)
    return np.asarray(photo, np.uint8)
