"""The port of inference engines: everything else in this package knows only `InferenceSession`."""

from collections.abc import Mapping
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Tensor: TypeAlias = NDArray[np.float32]
Shape: TypeAlias = tuple[int | None, ...]
"""None is an axis whose length may differ from run to run."""


class InferenceSession(Protocol):
    """A loaded network with one input. Safe to run from several threads at once."""

    input_shape: Shape
    """N x C x H x W."""
    output_shapes: Mapping[str, Shape]
    """By the outputs' names, in the file's order."""
    metadata: Mapping[str, str]
    """What the preparation recorded about the graph; see adapters/onnx/graphs/exports.py."""

    def run(self, batch: Tensor) -> Mapping[str, Tensor]:
        """The outputs, by name, for a batch of the input's shape."""
