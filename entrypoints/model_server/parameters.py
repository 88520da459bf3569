"""Parameters of requests to the model service, each within its bounds."""

from enum import StrEnum
from typing import TypeVar

import numpy as np

from adapters.remote.protocol import MalformedMessage, Parameters, Tensor
from application.analysis.detection import MIN_FACE_RANGE
from application.analysis.selection import FaceSelection
from application.ports.extraction import ExtractionOptions
from application.ports.liveness import View
from domain.models import Alignment

MAX_VIEWS = 8
"""Views of a face."""
_SURROUNDINGS = (0.1, 20.0)
"""Side of a view, in sides of the face's box."""
_VIEW_PIXELS = (16, 256)
"""Side of a view."""

C = TypeVar("C", bound=StrEnum)


def detect_options(model: str, parameters: Parameters, *, examined: bool, most: int) -> ExtractionOptions:
    """What a request to a detector wants.

    Args:
        model: the detector.
        parameters: the request's.
        examined: whether views are asked for.
        most: maximum number of faces that are aligned or cut.

    Raises:
        MalformedMessage: a value is none that is allowed.
    """
    min_face = number(parameters, "min_face", *MIN_FACE_RANGE)
    max_faces = number(parameters, "max_faces", 1, 1_000_000)
    alignment = _choice(parameters, "alignment", Alignment)
    if examined or alignment is not None:
        max_faces = min(max_faces or most, most)
    return ExtractionOptions(
        detection=model,
        selection=_choice(parameters, "selection", FaceSelection) or FaceSelection.ALL,
        lone=parameters.get("lone") is True,
        min_face=None if min_face is None else int(min_face),
        max_faces=None if max_faces is None else int(max_faces),
        alignment=alignment,
        examined=examined,
    )


def views_of(tensor: Tensor | None) -> list[View] | None:
    """The views that a request asks for; None if it asks for none.

    Raises:
        MalformedMessage: they are too many, or too large.
    """
    if tensor is None:
        return None
    if tensor.dtype != np.float64 or tensor.ndim != 2 or tensor.shape[1] != 3 or len(tensor) > MAX_VIEWS:  # noqa: PLR2004
        raise MalformedMessage(f"The input 'views' has to be FP64 of V x 3, V at most {MAX_VIEWS}.")
    for surroundings, *sides in tensor.tolist():
        fits = _SURROUNDINGS[0] <= surroundings <= _SURROUNDINGS[1]
        if not fits or not all(_VIEW_PIXELS[0] <= side <= _VIEW_PIXELS[1] for side in sides):
            raise MalformedMessage("A view is surroundings (in boxes), width and height (in pixels).")
    return [View(surroundings, int(width), int(height)) for surroundings, width, height in tensor.tolist()]


def number(parameters: Parameters, name: str, least: float, most: float) -> float | None:
    """A number that is None or within bounds.

    Raises:
        MalformedMessage: it isn't.
    """
    value = parameters.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise MalformedMessage(f"The parameter {name!r} has to be from {least} to {most}.")
    return value


def _choice(parameters: Parameters, name: str, kind: type[C]) -> C | None:
    value = parameters.get(name)
    if value is None:
        return None
    if value not in list(kind):
        raise MalformedMessage(f"The parameter {name!r} has to be one of {', '.join(kind)}.")
    return kind(value)
