"""The default models on real people. Plain runs take two of the five folds; FACE_ACCURACY=full takes all."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from dependency_injector import providers

from application.evaluation.evaluate import Evaluation, measure
from application.evaluation.photos import EmbeddedPhotos, EmbedPhotos, find_photos
from application.evaluation.protocol import PairProtocol, parse_pairs
from entrypoints.container import Container
from entrypoints.settings import Settings
from tests.conftest import REPOSITORY

FULL = os.environ.get("FACE_ACCURACY") == "full"
FOLDS = 5 if FULL else 2

full_only = pytest.mark.skipif(not FULL, reason="all folds: make accuracy")


@dataclass(frozen=True)
class Benchmark:
    """Photos of the people of some folds, embedded by the default models."""

    protocol: PairProtocol
    embedded: EmbeddedPhotos

    def people(self, *folds: int) -> EmbeddedPhotos:
        """Those photos whose people are in these folds; nobody is in two."""
        names = {
            photo.person
            for pair in self.protocol.pairs
            if pair.fold in folds
            for photo in (pair.left, pair.right)
        }
        chosen = [index for index, photo in enumerate(self.embedded.photos) if photo.person in names]
        return EmbeddedPhotos(
            [self.embedded.photos[index] for index in chosen], self.embedded.vectors[chosen]
        )


@pytest.fixture(scope="session")
def benchmark(lfw: Path, request: pytest.FixtureRequest) -> Benchmark:
    pairs = parse_pairs((lfw / "pairs.txt").read_text())
    protocol = replace(pairs, pairs=tuple(pair for pair in pairs.pairs if pair.fold < FOLDS))
    people = {photo.person for photo in protocol.photos}
    photos = [photo for photo in find_photos(lfw / "images") if photo.person in people]
    folder = request.config.cache.mkdir("face-accuracy")
    # Embeddings stay valid as long as nothing that makes them changes.
    key = hashlib.sha256(b"".join(path.read_bytes() for path in _sources()))
    key.update("".join(photo.path.name for photo in photos).encode())
    cached = folder / f"{key.hexdigest()}.npy"
    if cached.exists():
        return Benchmark(protocol, EmbeddedPhotos(photos, np.load(cached)))
    container = Container(settings=providers.Object(Settings(data_dir=folder)))
    pipeline = EmbedPhotos(container.analyser(), Settings().worker_count)
    embedded = pipeline.execute(photos, container.models().choose(None, None), lambda _done, _total: None)
    np.save(cached, embedded.vectors)
    return Benchmark(protocol, embedded)


@pytest.fixture(scope="session")
def evaluation(benchmark: Benchmark) -> Evaluation:
    index = {photo.path.stem: number for number, photo in enumerate(benchmark.embedded.photos)}
    pairs = benchmark.protocol.pairs
    sides = [index[str(pair.left)] for pair in pairs], [index[str(pair.right)] for pair in pairs]
    return measure(benchmark.embedded, benchmark.protocol, sides, Settings().default_models)


def _sources() -> Iterator[Path]:
    yield REPOSITORY / "static" / "models.toml"
    yield REPOSITORY / "entrypoints" / "container.py"
    for folder in ("domain", "application", "adapters/onnx", "adapters/imaging"):
        yield from sorted((REPOSITORY / folder).glob("*.py"))
