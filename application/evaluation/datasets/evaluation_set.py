"""Evaluation sets: embeddings of photos of known people, from folders of photos or from files of vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.evaluation.datasets.embedding import EmbedPhotos
from application.evaluation.datasets.photos import Progress
from application.evaluation.errors import EvaluationError
from application.photo_folders import find_photos
from application.ports.analysis import FaceEmbedder
from application.ports.vectors import PhotoVectors, VectorFiles
from domain.models import ModelChoice

UNIT_TOLERANCE = 1e-3
"""How far norms may be from 1 for a file's vectors to count as embeddings of unit norm."""


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationSet:
    """N photos of known people. Whoever is in two sets is regarded as two people."""

    name: str
    vectors: NDArray[np.float32]
    """N x D, unit norm; a row of NaN where no face was found."""
    names: tuple[str, ...]
    """N, whom each photo shows."""
    photos: tuple[str, ...]
    """N, the photos' names."""
    labels: Mapping[str, tuple[str, ...]]
    """N values for each label that came with the photos."""
    norms: NDArray[np.float32]
    """N, embedding norms relative to what is usual for the model; NaN where that isn't known."""

    @classmethod
    def of(cls, name: str, content: PhotoVectors, embedder: FaceEmbedder) -> "EvaluationSet":
        """Turn a network's vectors into embeddings; vectors that are all of unit norm stay as they are."""
        vectors = content.vectors
        relative = np.full(len(vectors), np.nan, dtype=np.float32)
        found = ~np.isnan(vectors).any(axis=1)
        norms = np.linalg.norm(vectors[found], axis=1)
        if (np.abs(norms - 1) > UNIT_TOLERANCE).any():
            relative[found] = embedder.relative_norms(vectors[found])
            vectors = vectors.copy()
            vectors[found] = embedder.directions(vectors[found])
        return cls(name, vectors, content.people, content.photos, content.labels, relative)

    @property
    def people(self) -> NDArray[np.intp]:
        """N, which person each photo shows, numbered by name."""
        numbers: NDArray[np.intp] = np.unique(self.names, return_inverse=True)[1]
        return numbers

    @property
    def found(self) -> NDArray[np.bool_]:
        """N, whether a face was found."""
        return np.asarray(~np.isnan(self.vectors).any(axis=1))

    @property
    def undetected(self) -> tuple[str, ...]:
        """The photos without a face."""
        return tuple(photo for photo, found in zip(self.photos, self.found, strict=True) if not found)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "EvaluationSet":
        """Some of the photos: by index, or one truth a photo."""
        chosen = np.arange(len(self.names))[rows].tolist()
        return EvaluationSet(
            self.name,
            self.vectors[chosen],
            tuple(self.names[row] for row in chosen),
            tuple(self.photos[row] for row in chosen),
            {label: tuple(values[row] for row in chosen) for label, values in self.labels.items()},
            self.norms[chosen],
        )


@dataclass(frozen=True, slots=True, eq=False)
class LoadSets:
    """Embeds photos and reads vectors, for one pair of models."""

    embedding: EmbedPhotos
    files: VectorFiles

    @property
    def models(self) -> ModelChoice:
        """What embeds photos, and what vectors in files must be of."""
        return self.embedding.models

    @property
    def embedder(self) -> FaceEmbedder:
        """The recogniser.

        Raises:
            ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        return self.embedding.analyser.models.embedder(self.models.recognition)

    def execute(self, sources: Sequence[Path], progress: Progress) -> list[EvaluationSet]:
        """The sets, each under a name of its own: of folders of photos, one folder a person, and files of vectors.

        Progress is from 0 on for each folder.

        Raises:
            EvaluationError: a photo or a file can't be read, or a file has vectors of another recogniser.
            CommandError: a folder has no photos.
            ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        # Find out what is wrong with a file or a folder before the work on photos.
        photos = {source: find_photos(source) for source in sources if source.is_dir()}
        read = {source: self._read(source) for source in sources if source not in photos}
        sets: list[EvaluationSet] = []
        for source in sources:
            content = self.embedding.execute(photos[source], progress) if source in photos else read[source]
            name = _unused(set_name(source), [each.name for each in sets])
            sets.append(EvaluationSet.of(name, content, self.embedder))
        return sets

    def save(self, folder: Path, output: Path, progress: Progress) -> EvaluationSet:
        """Embed photos once, for all measurements to come.

        The file has the vectors as the network gives them: they tell of the photos' quality, and outlive a change of
        how embeddings are made of them.

        Raises:
            EvaluationError: a photo can't be read, or the file can't be written.
            CommandError: the folder has no photos.
            ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        content = self.embedding.execute(find_photos(folder), progress)
        self.files.write(content, output)
        return EvaluationSet.of(set_name(folder), content, self.embedder)

    def _read(self, source: Path) -> PhotoVectors:
        content, recognition = self.files.read(source), self.models.recognition
        made_by = content.models
        if made_by is not None and made_by.recognition != recognition:
            raise EvaluationError(f"{source} has vectors of {made_by.recognition}, not of {recognition}")
        dimensions = self.embedder.dimensions
        if content.vectors.shape[1] != dimensions:
            raise EvaluationError(
                f"{source} has vectors of {content.vectors.shape[1]} numbers;"
                f" those of {recognition} have {dimensions}"
            )
        return content


def set_name(source: Path) -> str:
    """The name of a folder, or of a file without its suffix."""
    return source.resolve().name if source.is_dir() else source.stem


def _unused(name: str, taken: Sequence[str]) -> str:
    candidates = [name, *(f"{name} ({number})" for number in range(2, len(taken) + 2))]
    return next(candidate for candidate in candidates if candidate not in taken)
