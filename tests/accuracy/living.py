"""Photos of living people by set and half, and ways to make them worse."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike

from adapters.imaging.decoder import PillowDecoder
from adapters.onnx.anti_spoofing.ensemble import SpoofDetectorEnsemble
from adapters.onnx.catalogue.entries import Catalogue
from adapters.onnx.catalogue.files import ModelFiles
from adapters.onnx.catalogue.installation import install_file, name_of_file
from adapters.onnx.engines.choice import choose_engine
from adapters.onnx.engines.engines import Engines
from adapters.onnx.library import OnnxModelLibrary
from application.evaluation.datasets.pairs import parse_pairs
from application.evaluation.datasets.photos import central_face
from application.liveness.gate import LivenessGate
from application.ports.liveness import SpoofDetector
from domain.faces import Box, Image
from domain.liveness.capture import MINIFASNET_LIMITS
from domain.liveness.detection import Liveness, LivenessPolicy
from domain.models import ModelChoice
from entrypoints.bootstrap.analysis import CATALOGUE

MODELS = ("minifasnet_v2", "minifasnet_v1se")
FIT, CONFIRM = "fit", "confirm"
VIEWS = {
    "F_0": "frontal",
    "F_+30": "frontal",
    "L45_0": "turned by 45 degrees",
    "R45_0": "turned by 45 degrees",
    "L90_0": "profile",
    "cctv_1": "surveillance frames",
    "cctv_2": "surveillance frames",
    "cctv_3": "surveillance frames",
}
"""Of the mugshots: file name and set."""


@dataclass(frozen=True)
class Living:
    """A photo of a living person."""

    path: Path
    people: str
    """The set."""
    half: str
    """Nobody is in both."""


def library(assets: Path, folder: Path) -> OnnxModelLibrary:
    """With the anti-spoofing models of the assets installed, as `face-api models add` does it."""
    catalogue, files = Catalogue.load(CATALOGUE), ModelFiles(folder)
    for path in sorted((assets / "models").glob("MiniFASNet*.onnx")):
        name = name_of_file(catalogue, path)
        assert name is not None
        install_file(files, catalogue.entries[name], path)
    return OnnxModelLibrary(
        catalogue,
        files,
        cache=folder / "prepared",
        defaults=ModelChoice("yunet", "sface"),
        aliases={},
        engines=Engines.only(choose_engine("onnxruntime", 1)),
    )


class Judge:
    """The service's own steps from an image to a verdict."""

    def __init__(self, models: OnnxModelLibrary, names: tuple[str, ...] = MODELS) -> None:
        self.decoder = PillowDecoder(10**8)
        self.detector = models.detector("yunet")
        self.spoof: SpoofDetector = SpoofDetectorEnsemble(models.view_scorers(names))
        self.gate = LivenessGate(LivenessPolicy.OBSERVE, lambda: self.spoof, MINIFASNET_LIMITS)

    def read(self, path: Path) -> Image:
        return self.decoder.decode(path.read_bytes())

    def box(self, image: Image) -> Box | None:
        """The box of the central face."""
        faces = self.detector.detect(image)
        return central_face(faces, image).box if faces else None

    def judge(self, image: Image) -> Liveness | None:
        """The liveness of that face; None if none was found."""
        faces = self.detector.detect(image)
        return self.gate.judge(image, central_face(faces, image)) if faces else None


def living(assets: Path) -> list[Living]:
    """All photos; the first three folds of LFW and people with odd numbers are the half that was fitted to."""
    faces = assets / "faces"
    pairs = parse_pairs((faces / "lfw-dev" / "pairs.txt").read_text()).pairs
    fold = {photo.person: pair.fold for pair in pairs for photo in (pair.left, pair.right)}
    press = [
        Living(path, "press photos", FIT if fold[path.parent.name] < 3 else CONFIRM)
        for path in sorted((faces / "lfw-dev" / "images").glob("*/*.jpg"))
        if path.parent.name in fold
    ]
    return press + [
        Living(path, VIEWS[path.stem], FIT if int(path.parent.name) % 2 else CONFIRM)
        for path in sorted((faces / "mugshots").glob("*/*.jpg"))
        if path.stem in VIEWS
    ]


def grey(image: Image) -> Image:
    return _bytes(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))


def saturated(image: Image, share: float) -> Image:
    """With so much of its colours."""
    return _bytes(grey(image) * (1 - share) + image * share)


def sepia(image: Image) -> Image:
    return _bytes(grey(image) * np.array([0.75, 0.9, 1.07]))


def infrared(image: Image) -> Image:
    """Much as a camera in the near infrared shows a face: pale, and in shades of grey."""
    return _bytes(255 * (image[..., 2:] / 255) ** 0.7 * np.ones(3))


def noisy_grey(image: Image, deviation: float) -> Image:
    """Grey with noise in Cb and Cr, saved as JPEG."""
    luma = cv2.cvtColor(grey(image), cv2.COLOR_BGR2YCrCb).astype(np.float64)
    luma[..., 1:] += np.random.default_rng(0).normal(0, deviation, luma[..., 1:].shape)
    return jpeg(_bytes(cv2.cvtColor(_bytes(luma), cv2.COLOR_YCrCb2BGR)), 85)


def jpeg(image: Image, quality: int) -> Image:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def shrunk(image: Image, box: Box, side: int) -> Image | None:
    """So that the longer side of the face's box has so many pixels; None if it has fewer."""
    times = side / box.longer
    if times >= 1:
        return None
    return _bytes(cv2.resize(image, None, fx=times, fy=times, interpolation=cv2.INTER_AREA))


def cropped(image: Image, box: Box, times: float) -> Image | None:
    """Cut to so many sides of the face's box; None if the photo has no more than that."""
    height, width = image.shape[:2]
    wide, high = box.width * times, box.height * times
    if wide >= width or high >= height:
        return None
    left = int(min(max(box.x + box.width / 2 - wide / 2, 0), width - wide))
    top = int(min(max(box.y + box.height / 2 - high / 2, 0), height - high))
    return np.ascontiguousarray(image[top : top + int(high), left : left + int(wide)])


def variants(image: Image, box: Box) -> Iterator[tuple[str, Image]]:
    """A photo, and the same photo made worse in one way each."""
    yield "as it is", image
    made: Mapping[str, Image] = {
        "grey": grey(image),
        "grey, JPEG 75": jpeg(grey(image), 75),
        "near infrared": infrared(image),
        "grey, colour noise 2": noisy_grey(image, 2),
        "grey, colour noise 5": noisy_grey(image, 5),
        "sepia": sepia(image),
        **{
            f"{share:.0%} of its colours": saturated(image, share)
            for share in (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
        },
    }
    yield from made.items()
    for side in (24, 32, 40, 48, 56, 64, 80, 100):
        if (smaller := shrunk(image, box, side)) is not None:
            yield f"face of {side} pixels", smaller
    for times in (1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8):
        if (nearer := cropped(image, box, times)) is not None:
            yield f"cut to {times:.1f} boxes", nearer


def _bytes(image: ArrayLike) -> Image:
    return np.asarray(np.clip(np.rint(np.asarray(image)), 0, 255), np.uint8)
