"""The models that this instance has."""

from typing import Protocol

from application.ports.analysis import FaceDetector, FaceEmbedder
from domain.models import Alignment, ModelChoice, ModelInfo


class ModelLibrary(Protocol):
    """Models by their names in the catalogue. Safe to use from several threads at once."""

    def choose(self, detection: str | None, recognition: str | None) -> ModelChoice:
        """The models a request is answered with: those it names, else the configured defaults.

        Raises:
            UnknownModel: a name that the catalogue doesn't have for this task.
        """
        ...

    def list(self) -> list[ModelInfo]:
        """All models of the catalogue."""
        ...

    def detector(self, name: str) -> FaceDetector:
        """Loaded on first use, once, however many ask for it together.

        Raises:
            ModelNotInstalled: its file is not there.
            BrokenModel: its file is not what the catalogue says, or not of its family.
        """
        ...

    def embedder(self, name: str) -> FaceEmbedder:
        """As `detector`."""
        ...

    def dimensions(self, recognition: str) -> int:
        """The length of a model's embeddings."""
        ...

    def alignment(self, recognition: str) -> Alignment:
        """How a model's crops are aligned: its embeddings, and its thresholds, are of such crops only."""
        ...

    def loaded(self) -> bool:
        """Whether the default models are in memory."""
        ...
