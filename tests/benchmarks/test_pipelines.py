"""The pipelines that a benchmark compares do the same work."""

from pathlib import Path

import numpy as np
import pytest
from dependency_injector import providers

from application.analysis.analyser import AnalysedFace, FaceAnalyser
from application.analysis.options import PhotoOptions
from domain.errors import InvalidImage
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from tests.benchmarks.image import STAGES
from tests.benchmarks.opencv import OpenCvDecoder, opencv_analyser
from tests.benchmarks.watched import Watch, watched
from tests.benchmarks.weights import for_opencv, published, runnable, stock_session, unpacked


@pytest.fixture(scope="module")
def container(data_directory: Path) -> Container:
    settings = Settings(data_dir=data_directory)
    return Container(settings=providers.Object(settings))


def analysed(analyser: FaceAnalyser, photo: bytes) -> AnalysedFace:
    (face,) = analyser.analyse(photo, analyser.models.choose(None, None), PhotoOptions())
    return face


def test_opencv_sees_the_same_face(container: Container, astronaut: bytes, tmp_path: Path) -> None:
    ours: FaceAnalyser = container.analyser()
    files = for_opencv(container, "yunet", "sface", tmp_path)
    theirs = opencv_analyser(ours, ours.models.choose(None, None), *files)
    here, there = analysed(ours, astronaut), analysed(theirs, astronaut)
    assert here.detected is not None
    assert there.detected is not None
    assert here.detected.landmarks is not None
    assert there.detected.landmarks == pytest.approx(here.detected.landmarks, abs=5)
    # The same network on nearly the same crop; ours takes directions from another centre.
    assert here.crop is not None
    raw = ours.models.embedder("sface").embed([here.crop])[0]
    assert there.embedding.vector.shape == raw.shape
    assert float(there.embedding.vector @ raw) > 0.8


def test_opencv_refuses_what_is_no_image() -> None:
    with pytest.raises(InvalidImage):
        OpenCvDecoder().decode(b"hello")


def test_the_watch_sees_every_stage_and_changes_nothing(container: Container, astronaut: bytes) -> None:
    ours: FaceAnalyser = container.analyser()
    watch = Watch()
    face = analysed(watched(ours, watch), astronaut)
    assert np.array_equal(face.embedding.vector, analysed(ours, astronaut).embedding.vector)
    assert set(watch.taken) == set(STAGES)
    assert all(seconds > 0 for seconds in watch.taken.values())


def test_unprepared_graphs_run_and_give_the_same_numbers(container: Container) -> None:
    path = published(container, "sface")
    crop = np.random.default_rng(0).integers(0, 255, (1, 3, 112, 112)).astype(np.float32)
    vectors = []
    for model in (runnable(path), unpacked(path)):
        session = stock_session(model)
        (vector,) = session.run(None, {session.get_inputs()[0].name: crop})[0]
        vectors.append(vector / np.linalg.norm(vector))
    assert float(vectors[0] @ vectors[1]) == pytest.approx(1, abs=1e-4)
