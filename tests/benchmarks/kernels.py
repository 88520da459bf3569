"""The networks alone, in one thread, beside others that run the same weights."""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
from msgspec.structs import replace

from adapters.onnx.engines.variants import EngineName
from application.errors import StartupError
from domain.faces import Image
from entrypoints.cli.measuring import in_one_thread
from tests.benchmarks.opencv import LONG_SIDE, OpenCvDetector, OpenCvRecogniser, prepare_opencv
from tests.benchmarks.report import Comparison
from tests.benchmarks.rig import Rig
from tests.benchmarks.statistics import interleaved
from tests.benchmarks.weights import for_opencv, published, runnable, stock_session, unpacked

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
        ours, theirs = _our_recognisers(rig, crop), _recognisers(rig, crop, files[1])
        detected = interleaved(_detectors(rig, picture, files[0]), rounds, repeats=3)
        recognised = interleaved(ours | theirs, rounds, repeats=3)
    return [
        Comparison.of(f"{rig.choice.detection}, {LONG_SIDE} x {LONG_SIDE}", detected),
        *(
            Comparison.of(name, {OURS: recognised[name], **{peer: recognised[peer] for peer in theirs}})
            for name in ours
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


def _our_recognisers(rig: Rig, crop: Image) -> dict[str, Callable[[], object]]:
    """On every engine that is installed, in every precision that the model may be run in."""
    name = rig.choice.recognition
    ours: dict[str, Callable[[], object]] = {}
    for engine in get_args(EngineName):
        for precision in rig.container.catalogue().entries[name].precisions:
            settings = replace(rig.settings, inference=engine, precision=precision.value)
            with suppress(StartupError):
                embedder = in_one_thread(settings).models().embedder(name)
                ours[f"{name} on {engine} in {precision}, one face"] = partial(embedder.embed, [crop])
    return ours


def _recognisers(rig: Rig, crop: Image, opencv: Path) -> dict[str, Callable[[], object]]:
    theirs = OpenCvRecogniser(opencv, rig.choice.recognition)
    path = published(rig.container, rig.choice.recognition)
    return {
        "OpenCV FaceRecognizerSF": lambda: theirs.embed([crop]),
        "ONNX Runtime, the published graph": _stock(runnable(path), crop),
        "ONNX Runtime, its weights unpacked": _stock(unpacked(path), crop),
    }


def _stock(model: bytes, crop: Image) -> Callable[[], object]:
    session = stock_session(model)
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: cv2.dnn.blobFromImage(crop, swapRB=True)})
