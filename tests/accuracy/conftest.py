"""The default models on real people. Plain runs take two of the five folds; FACE_ACCURACY=full takes all."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from dependency_injector import providers

from adapters.files.vectors import NpzVectorFiles
from application.evaluation.datasets.embedding import EmbedPhotos
from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.datasets.pairs import PairProtocol, parse_pairs
from application.evaluation.verification.pair_accuracy import PairAccuracy, measure_pairs
from application.photo_folders import find_photos
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from tests.conftest import REPOSITORY

FULL = os.environ.get("FACE_ACCURACY") == "full"
FOLDS = 5 if FULL else 2

full_only = pytest.mark.skipif(not FULL, reason="all folds: make accuracy")


@dataclass(frozen=True)
class Benchmark:
    """Photos of the people of some folds, embedded by the default models."""

    protocol: PairProtocol
    embedded: EvaluationSet

    def people(self, *folds: int) -> EvaluationSet:
        """Those photos whose people are in these folds; nobody is in two."""
        names = {
            photo.person
            for pair in self.protocol.pairs
            if pair.fold in folds
            for photo in (pair.left, pair.right)
        }
        return self.embedded.take(np.array([name in names for name in self.embedded.names]))


@pytest.fixture(scope="session")
def benchmark(lfw: Path, data_directory: Path, request: pytest.FixtureRequest) -> Benchmark:
    pairs = parse_pairs((lfw / "pairs.txt").read_text())
    protocol = replace(pairs, pairs=tuple(pair for pair in pairs.pairs if pair.fold < FOLDS))
    people = {photo.person for photo in protocol.photos}
    photos = [photo for photo in find_photos(lfw / "images") if photo.person in people]
    folder = request.config.cache.mkdir("face-accuracy")
    # Embeddings stay valid as long as nothing that makes them changes.
    key = hashlib.sha256(b"".join(path.read_bytes() for path in _sources()))
    key.update("".join(photo.path.name for photo in photos).encode())
    cached = folder / f"{key.hexdigest()}.npz"
    container = Container(settings=providers.Object(Settings(data_dir=data_directory)))
    files, choice = NpzVectorFiles(), container.models().choose(None, None)
    if not cached.exists():
        pipeline = EmbedPhotos(container.analyser(), choice, Settings().worker_count)
        files.write(pipeline.execute(photos, lambda _done, _total: None), cached)
    embedder = container.models().embedder(choice.recognition)
    return Benchmark(protocol, EvaluationSet.of("LFW", files.read(cached), embedder))


@pytest.fixture(scope="session")
def evaluation(benchmark: Benchmark) -> PairAccuracy:
    return measure_pairs(benchmark.embedded, benchmark.protocol, Settings().default_models)


def _sources() -> Iterator[Path]:
    yield REPOSITORY / "static" / "models.toml"
    yield REPOSITORY / "entrypoints" / "bootstrap" / "container.py"
    for folder in ("domain", "application", "adapters/onnx", "adapters/imaging", "adapters/files"):
        yield from sorted((REPOSITORY / folder).rglob("*.py"))
