"""The port of the services that run models elsewhere."""

from collections.abc import Sequence
from typing import Protocol


class ModelServices(Protocol):
    """Services that this one depends on. Synchronous, and thread-safe."""

    def missing(self) -> Sequence[str]:
        """The tasks whose service isn't ready; takes seconds at most."""
