"""The port of the model catalogue."""

from typing import Protocol

from application.ports.analysis import FaceDetector, FaceEmbedder
from domain.models import Alignment, Execution, ModelChoice, ModelInfo


class ModelLibrary(Protocol):
    """The models of the catalogue, by name. Thread-safe."""

    def choose(self, detection: str | None, recognition: str | None) -> ModelChoice:
        """The models for a request: those that it names, else the configured defaults.

        Raises:
            UnknownModel: a name that the catalogue doesn't have for this task.
        """

    def list(self) -> list[ModelInfo]:
        """All models of the catalogue."""

    def detector(self, name: str) -> FaceDetector:
        """A detector, which is loaded once, on first use.

        Raises:
            ModelNotInstalled: its file is missing.
            BrokenModel: its file has another checksum than the catalogue says, or is not of its family.
        """

    def embedder(self, name: str) -> FaceEmbedder:
        """A recogniser, likewise."""

    def dimensions(self, recognition: str) -> int:
        """The number of elements of a recogniser's embeddings."""

    def alignment(self, recognition: str) -> Alignment:
        """How crops for a recogniser are aligned; its thresholds hold for such crops only."""

    def execution(self, name: str) -> Execution | None:
        """What runs a model; None as long as this process has run none."""

    def loaded(self) -> bool:
        """Whether the default models are in memory."""
