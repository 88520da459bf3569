"""Whether small faces leave a trace in the pass that tells where to look for them, and what faceless photos cost.

    python -m tests.accuracy.small_faces traces|faceless IMAGES

IMAGES has one folder a person. Faces are cut out of the photos and made small before plain and restless backgrounds.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import cv2
import numpy as np

from adapters.onnx.detectors.detections import Detections
from adapters.onnx.detectors.suspects import FLOOR, Suspects
from adapters.onnx.detectors.tiles import GATED_STEP
from adapters.onnx.detectors.yunet.network import YuNetNetwork, as_batch, padded
from adapters.onnx.engines.onnx_runtime import OnnxRuntimeSession
from adapters.onnx.library import OnnxModelLibrary
from application.analysis.embedding import Fidelity
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.evaluation.datasets.photos import central_face
from application.photo_folders import PhotoFile, find_photos
from domain.errors import NoFaceDetected
from domain.faces import Image
from tests.accuracy.quality_tables import Pipeline, painted

SIZES = (24, 28, 32, 36, 40, 48, 64, 80)
"""Pixels of a face in the finer picture."""
STEPS = (GATED_STEP, 2.5)
"""By which the other is coarser."""
_SIDE = 320
_FOUND = 0.7
"""YuNetDetector's threshold."""
_FACELESS = ((250, 250), (1280, 960), (4000, 3000))


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A picture with one small face."""

    picture: Image
    middle: tuple[float, float]
    size: float

    def best(self, detections: Detections, scale: float) -> float:
        """The highest score of what was detected in the middle of the face."""
        middles = detections.boxes[:, :2] + detections.boxes[:, 2:] / 2
        off = np.abs(middles - np.array(self.middle) * scale).max(axis=1, initial=0)
        return float(detections.scores[off < scale * self.size / 2].max(initial=0))


def scene(pipeline: Pipeline, photo: PhotoFile, size: int, number: int) -> Scene | None:
    """A face of so many pixels; None if the photo has none."""
    image = pipeline.read(photo)
    faces = pipeline.detector.detect(image)
    if not faces:
        return None
    box, dice = central_face(faces, image).box, np.random.default_rng(number)
    margin = box.longer / 2
    left, top = max(0, round(box.x - margin)), max(0, round(box.y - margin))
    part = image[top : round(box.y + box.height + margin), left : round(box.x + box.width + margin)]
    scale = size / box.longer
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    grain = dice.integers(60, 180, (1, 1, 3) if number % 2 else (20, 20, 3), dtype=np.uint8)
    picture = np.asarray(cv2.resize(grain, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)
    x, y = dice.integers(10, _SIDE - max(small.shape[:2]) - 10, 2).tolist()
    picture[y : y + small.shape[0], x : x + small.shape[1]] = small
    middle = x + scale * (box.x - left + box.width / 2), y + scale * (box.y - top + box.height / 2)
    return Scene(picture, middle, size)


def detected(network: YuNetNetwork, picture: Image, least: float) -> Detections:
    (found,) = network.infer(as_batch([padded(picture)]), least)
    return found


def traces(photos: list[PhotoFile]) -> Iterator[str]:
    """The lowest scores that faces leave in coarser pictures, of those that are found in the finer one only."""
    pipeline = Pipeline()
    network = _network(pipeline)
    yield "| pixels | found | coarser by | only in the finer | lowest trace, thousandth, hundredth | lost |"
    yield "|---|---|---|---|---|---|"
    for size in SIZES:
        scenes = [each for n, photo in enumerate(photos) if (each := scene(pipeline, photo, size, n))]
        found = [each for each in scenes if each.best(detected(network, each.picture, _FOUND), 1) > 0]
        for step in STEPS:
            left, lost = [], 0
            for each in found:
                side = round(_SIDE / step)
                coarse = np.asarray(
                    cv2.resize(each.picture, (side, side), interpolation=cv2.INTER_LINEAR), dtype=np.uint8
                )
                every = detected(network, coarse, 0.0005)
                score = each.best(every, 1 / step)
                if score >= _FOUND:
                    continue
                left.append(score)
                likely = every.select(np.flatnonzero(every.scores >= FLOOR))
                x, y = each.middle
                lost += not any(
                    tile.left < x < tile.right and tile.top < y < tile.bottom
                    for tile in Suspects.of(likely, coarse).regions(each.picture, 1.0)
                )
            low = ", ".join(f"{value:.3f}" for value in np.quantile(left or [np.nan], [0, 0.001, 0.01]))
            yield f"| {size} | {len(found)} of {len(scenes)} | {step} | {len(left)} | {low} | {lost} |"


def faceless(photos: list[PhotoFile]) -> Iterator[str]:
    """Processor time from the file to `no_face_detected`, or to an empty list, one thread."""
    pipeline = Pipeline()
    yield "| photos | pixels | recognize | register | all faces | photos with faces |"
    yield "|---|---|---|---|---|---|"
    for size in _FACELESS:
        files = []
        for photo in photos:
            image = pipeline.read(photo)
            empty = painted(image, pipeline.detector.detect(image, min_face=20), "noise", image)
            _, file = cv2.imencode(".jpg", cv2.resize(empty, size, interpolation=cv2.INTER_CUBIC))
            files.append(file.tobytes())
        columns, found = [], 0
        for selection in (FaceSelection.LARGEST, FaceSelection.SINGLE, FaceSelection.ALL):
            spent = []
            for data in files:
                begun = time.thread_time()
                with suppress(NoFaceDetected):
                    found += bool(
                        pipeline.analyser.analyse(
                            data,
                            pipeline.choice,
                            PhotoOptions(selection=selection),
                            fidelity=Fidelity.COARSE
                            if selection is FaceSelection.LARGEST
                            else Fidelity.EXACT,
                        )
                    )
                spent.append(time.thread_time() - begun)
            columns.append(f"{1000 * median(spent):.0f} ms")
        yield f"| {len(files)} | {size[0]} x {size[1]} | {' | '.join(columns)} | {found} |"


def _network(pipeline: Pipeline) -> YuNetNetwork:
    models = pipeline.analyser.models
    assert isinstance(models, OnnxModelLibrary)
    return YuNetNetwork(OnnxRuntimeSession(models.prepared("yunet")))


TABLES = {"traces": traces, "faceless": faceless}

if __name__ == "__main__":
    table, images = sys.argv[1:]
    for line in TABLES[table](find_photos(Path(images))):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
