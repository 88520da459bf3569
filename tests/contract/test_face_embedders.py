"""What every recogniser does, on real faces."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from adapters.imaging.alignment import SimilarityAligner
from adapters.imaging.decoder import PillowDecoder
from adapters.onnx.detectors.yunet.detector import YuNetDetector
from adapters.onnx.detectors.yunet.network import YuNetNetwork
from application.ports.analysis import FaceEmbedder
from domain.faces import Crop, Image
from tests.contract.model_files import REAL_EMBEDDERS, ModelFolder
from tests.contract.remote_models import BARE, REMOTE, RemoteModels

REMOTE_EMBEDDERS = [
    f"{where}{name}" for where in (REMOTE, BARE) for name in ("sface", "arcface_mobilefacenet_128")
]


@pytest.fixture(scope="module", params=[*REAL_EMBEDDERS, *REMOTE_EMBEDDERS])
def embedder(request: pytest.FixtureRequest, model_files: ModelFolder) -> FaceEmbedder:
    """Each family of recognisers of which there is a real file: here, in a model service, on another server."""
    name: str = request.param
    if name.startswith(REMOTE):
        served: RemoteModels = request.getfixturevalue("served_by_one_engine")
        return served.embedder(name.removeprefix(REMOTE))
    if name.startswith(BARE):
        bare: RemoteModels = request.getfixturevalue("bare")
        return bare.embedder(name.removeprefix(BARE))
    return model_files.embedder(name)


@pytest.fixture(scope="module")
def crop(yunet_network: YuNetNetwork, portrait: Image) -> Crop:
    return aligned(yunet_network, portrait)


def aligned(network: YuNetNetwork, image: Image) -> Crop:
    return SimilarityAligner().align(image, YuNetDetector(network).detect(image)[0])


def noise(seed: int) -> Crop:
    return np.random.default_rng(seed).integers(0, 256, (112, 112, 3), np.uint8)


def test_vectors_are_unit_float32_of_the_models_dimension(embedder: FaceEmbedder, crop: Crop) -> None:
    vectors = embedder.embed([crop, noise(0), np.zeros_like(crop)])
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, embedder.dimensions)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_crops_no_vectors(embedder: FaceEmbedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_norms_of_raw_vectors(embedder: FaceEmbedder, crop: Crop) -> None:
    norms = embedder.relative_norms(embedder.embed_raw([crop, noise(0)]))
    assert norms.shape == (2,)
    assert norms.dtype == np.float32
    assert np.isnan(norms).all() or norms[0] > norms[1] > 0
    assert embedder.relative_norms(embedder.embed_raw([])).shape == (0,)


def test_directions_of_raw_vectors_are_what_is_embedded(embedder: FaceEmbedder, crop: Crop) -> None:
    raw = embedder.embed_raw([crop, noise(0)])
    assert (raw.shape, raw.dtype) == ((2, embedder.dimensions), np.float32)
    np.testing.assert_array_equal(embedder.directions(raw), embedder.embed([crop, noise(0)]))
    assert embedder.directions(embedder.embed_raw([])).shape == (0, embedder.dimensions)


@pytest.mark.parametrize("count", [2, 5])
def test_a_batch_is_its_members(embedder: FaceEmbedder, crop: Crop, count: int) -> None:
    crops = [crop, *(noise(seed) for seed in range(count - 1))]
    singles = np.concatenate([embedder.embed([one]) for one in crops])
    np.testing.assert_allclose(embedder.embed(crops), singles, atol=1e-4)


def test_colour_order_matters(embedder: FaceEmbedder, crop: Crop) -> None:
    right, swapped = embedder.embed([crop, crop[..., ::-1]])
    assert right @ swapped < 0.999


def test_a_little_brightness_does_not_matter(embedder: FaceEmbedder, crop: Crop) -> None:
    one, other = embedder.embed([crop, np.clip(crop.astype(int) + 12, 0, 255).astype(np.uint8)])
    assert one @ other > 0.9


def test_int8_moves_a_face_only_a_little(model_files: ModelFolder, crop: Crop) -> None:
    crops = [crop, crop[:, ::-1], (crop * 0.6).astype(np.uint8)]
    exact, int8 = (model_files.embedder(name).embed(crops) for name in ("sface", "sface_int8"))
    similarities = (exact * int8).sum(axis=1)
    assert similarities.min() > 0.995
    assert similarities.max() < 1 - 1e-6


def test_threads_do_not_disturb_each_other(embedder: FaceEmbedder) -> None:
    batches = [[noise(10 * seed + i) for i in range(seed % 3 + 1)] for seed in range(9)]
    alone = [embedder.embed(batch) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(embedder.embed, batches))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.fixture(scope="module")
def two_of_each(yunet_network: YuNetNetwork, lfw: Path) -> list[Crop]:
    """Two photos of each of some people, one person after the other."""
    people = [folder for folder in sorted((lfw / "images").iterdir()) if len(list(folder.iterdir())) > 1]
    decoder = PillowDecoder(1_000_000)
    return [
        aligned(yunet_network, decoder.decode(photo.read_bytes()))
        for person in people[::80]
        for photo in sorted(person.iterdir())[:2]
    ]


def test_the_same_person_is_nearer_than_others(embedder: FaceEmbedder, two_of_each: list[Crop]) -> None:
    vectors = embedder.embed(two_of_each)
    similarities = vectors[::2] @ vectors[1::2].T
    own = np.diag(similarities)
    others = similarities[~np.eye(len(own), dtype=bool)]
    assert np.median(own) > 0.5
    assert np.median(others) < 0.15
    assert (similarities.argmax(axis=1) == np.arange(len(own))).mean() >= 0.9
