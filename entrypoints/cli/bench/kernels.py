"""The networks alone, in one thread, beside others that run the same weights."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from application.benchmark.statistics import interleaved
from domain.faces import Image
from entrypoints.cli.bench.opencv import LONG_SIDE, OpenCvDetector, OpenCvRecogniser, prepare_opencv
from entrypoints.cli.bench.report import Comparison
from entrypoints.cli.bench.rig import Rig
from entrypoints.cli.bench.weights import for_opencv, published, runnable, stock_session, unpacked

OURS = "face-api"


def measure(rig: Rig) -> list[Comparison]:
    """Pixels to faces, and pixels to a vector."""
    prepare_opencv()
    image = rig.analyser.decoder.decode(rig.people[0].probe)
    picture = np.asarray(cv2.resize(image, (LONG_SIDE, LONG_SIDE)), dtype=np.uint8)
    (face, *_) = rig.analyser.models.detector(rig.choice.detection).detect(image)
    crop = rig.analyser.aligner(rig.choice.recognition).align(image, face)
    with tempfile.TemporaryDirectory() as folder:
        files = for_opencv(rig.container, rig.choice.detection, rig.choice.recognition, Path(folder))
        rounds = rig.effort.rounds * 3
        return [
            Comparison.of(
                f"{rig.choice.detection}, {LONG_SIDE} x {LONG_SIDE}",
                interleaved(_detectors(rig, picture, files[0]), rounds, repeats=3),
            ),
            Comparison.of(
                f"{rig.choice.recognition}, one face",
                interleaved(_recognisers(rig, crop, files[1]), rounds, repeats=3),
            ),
        ]


def _detectors(rig: Rig, picture: Image, opencv: Path) -> dict[str, Callable[[], object]]:
    ours = rig.analyser.models.detector(rig.choice.detection)
    theirs = OpenCvDetector(opencv, rig.choice.detection)
    stock = stock_session(unpacked(published(rig.container, rig.choice.detection)))
    name = stock.get_inputs()[0].name
    return {
        OURS: lambda: ours.detect(picture),
        "OpenCV FaceDetectorYN": lambda: theirs.detect(picture),
        "ONNX Runtime, its weights unpacked": lambda: stock.run(None, {name: cv2.dnn.blobFromImage(picture)}),
    }


def _recognisers(rig: Rig, crop: Image, opencv: Path) -> dict[str, Callable[[], object]]:
    ours = rig.analyser.models.embedder(rig.choice.recognition)
    theirs = OpenCvRecogniser(opencv, rig.choice.recognition)
    path = published(rig.container, rig.choice.recognition)
    return {
        OURS: lambda: ours.embed([crop]),
        "OpenCV FaceRecognizerSF": lambda: theirs.embed([crop]),
        "ONNX Runtime, the published graph": _stock(runnable(path), crop),
        "ONNX Runtime, its weights unpacked": _stock(unpacked(path), crop),
    }


def _stock(model: bytes, crop: Image) -> Callable[[], object]:
    session = stock_session(model)
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: cv2.dnn.blobFromImage(crop, swapRB=True)})
