"""The tables of docs/quality.md that `face-api evaluate-quality` doesn't make, from Labeled Faces in the Wild.

    python -m tests.accuracy.quality_tables conditions|subject|turned|faceless IMAGES

IMAGES has one folder a person.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from adapters.imaging.quality import LandmarkQualityAssessor
from application.analysis.analyser import FaceAnalyser
from application.analysis.selection import MIN_SHARE_INSIDE
from application.evaluation.datasets.photos import central_face
from application.evaluation.quality.evaluate import right_first
from application.photo_folders import PhotoFile, find_photos
from domain.faces import DetectedFace, Image, ScaledImage, largest, subject
from domain.models import ModelChoice
from domain.quality import LENIENT, STRICT, QualityReport
from entrypoints.cli.measuring import configured

THRESHOLD = 0.45
"""About that of a false match rate of 1e-4 for plain vectors of sface."""
GREY = (128, 128, 128)


def lines(*, grey: bool = False, gain: float = 1.0, offset: float = 0) -> Callable[[Image], Image]:
    """Other brightness and contrast."""

    def changed(image: Image) -> Image:
        flat = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None].repeat(3, axis=2) if grey else image
        return np.asarray(np.clip(flat * gain + offset, 0, 255), dtype=np.uint8)

    return changed


def spoilt(
    image: Image, *, side: int = 250, noise: float = 0, blur: float = 0, quality: int = 95, light: float = 1
) -> Image:
    """A photo of 250 x 250 made smaller, lit from one side, with noise, blurred, and compressed."""
    shrunk = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    small = np.asarray(shrunk, dtype=np.float32)
    small *= np.linspace(1, light, side, dtype=np.float32)[None, :, None]
    small += np.random.default_rng(0).normal(0, noise, small.shape).astype(np.float32)
    if blur:
        small = np.asarray(cv2.GaussianBlur(small, (0, 0), blur), dtype=np.float32)
    _, file = cv2.imencode(
        ".jpg", np.clip(small, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), dtype=np.uint8)


CONDITIONS: Mapping[str, Callable[[Image], Image]] = {
    "as they are": lambda image: image,
    "grey": lines(grey=True),
    "grey, contrast 0.5": lines(grey=True, gain=0.5, offset=60),
    "grey, 92 pixels": lambda image: spoilt(lines(grey=True)(image), side=92),
    "grey, 125 pixels, JPEG 20": lambda image: spoilt(lines(grey=True)(image), side=125, quality=20),
    "webcam: noise 12, blur 1, JPEG 30": partial(spoilt, noise=12, blur=1, quality=30),
    "dark webcam: x 0.35, noise 8, JPEG 50": lambda image: spoilt(
        lines(gain=0.35)(image), noise=8, quality=50
    ),
    "contrast 0.35": lines(gain=0.35, offset=80),
    "brightened: x 1.3 + 40": lines(gain=1.3, offset=40),
    "light from one side": partial(spoilt, light=0.1),
    "blur 3": partial(spoilt, blur=3),
    "80 pixels": partial(spoilt, side=80),
    "60 pixels, JPEG 50": partial(spoilt, side=60, quality=50),
}


class Pipeline:
    """The configured models, step by step."""

    def __init__(self) -> None:
        container = configured()
        self.analyser: FaceAnalyser = container.analyser()
        self.choice: ModelChoice = self.analyser.models.choose(None, None)
        self.detector = self.analyser.models.detector(self.choice.detection)
        self._assessor = LandmarkQualityAssessor()

    def read(self, photo: PhotoFile) -> Image:
        """Its pixels."""
        return self.analyser.decoder.decode(photo.path.read_bytes())

    def embedded(self, image: Image, face: DetectedFace) -> tuple[NDArray[np.float32], QualityReport]:
        """A face's embedding and quality."""
        (analysed,) = self.analyser.embed(ScaledImage(image), [face], self.choice)
        assert analysed.quality is not None
        return analysed.embedding.vector, analysed.quality

    def subject(self, image: Image) -> DetectedFace | None:
        """The face that register takes."""
        faces = self.detector.detect(image)
        return subject([face for face in faces if face.box.inside(image) >= MIN_SHARE_INSIDE] or faces, image)


def by_person(photos: list[PhotoFile]) -> Mapping[str, list[PhotoFile]]:
    files: dict[str, list[PhotoFile]] = {}
    for photo in photos:
        files.setdefault(photo.person, []).append(photo)
    return files


def conditions(pipeline: Pipeline, photos: list[PhotoFile]) -> Iterator[str]:
    """Two photos of each of 100 people, all in the same condition: who is found, and who is refused."""
    pairs = [files[:2] for files in by_person(photos).values() if len(files) > 1]
    chosen = [photo for files in pairs[:: max(1, len(pairs) // 100)][:100] for photo in files]
    for name, condition in CONDITIONS.items():
        vectors, reports, people = [], [], []
        for photo in chosen:
            image = condition(pipeline.read(photo))
            if faces := pipeline.detector.detect(image):
                vector, report = pipeline.embedded(image, central_face(faces, image))
                vectors.append(vector)
                reports.append(report)
                people.append(photo.person)
        found = right_first(np.stack(vectors), np.unique(people, return_inverse=True)[1], THRESHOLD)
        shares = [
            np.mean([bool(report.reasons(bounds)) for report, ok in zip(reports, found, strict=True) if ok])
            for bounds in (LENIENT, STRICT)
        ]
        yield (
            f"| {name} | {len(chosen) - len(vectors)} | {found.mean():.1%} | {shares[0]:.1%} | {shares[1]:.1%} |"
        )


def background(pipeline: Pipeline, photos: list[PhotoFile]) -> Iterator[str]:
    """Photos with several whole faces: which have a subject, and whether it is the person whom the photo is of."""
    files = by_person(photos)
    others: dict[PhotoFile, NDArray[np.float32]] = {}

    def of_others(photo: PhotoFile) -> NDArray[np.float32]:
        """The embedding of the face in the middle of another photo of the person."""
        if photo not in others:
            image = pipeline.read(photo)
            others[photo] = pipeline.embedded(image, central_face(pipeline.detector.detect(image), image))[0]
        return others[photo]

    counts, ratios = Counter[str](), []
    for photo in photos:
        image = pipeline.read(photo)
        faces = [
            face for face in pipeline.detector.detect(image) if face.box.inside(image) >= MIN_SHARE_INSIDE
        ]
        if len(faces) < 2:
            continue
        counts["several"] += 1
        middle, first = central_face(faces, image), largest(faces, image)
        second = max(face.box.longer for face in faces if face is not first)
        ratios.append((second / first.box.longer, first is not middle))
        if (face := subject(faces, image)) is None:
            continue
        counts["subject"] += 1
        counts["central"] += face is middle
        if same := [other for other in files[photo.person] if other != photo]:
            known = np.stack([of_others(other) for other in same])
            alike = [float((known @ pipeline.embedded(image, each)[0]).max()) for each in faces]
            counts["mated"] += 1
            counts["most alike"] += faces[int(np.argmax(alike))] is face
    several = counts["several"]
    refused = several - counts["subject"]
    yield f"{len(photos)} photos, {several} with several whole faces ({several / len(photos):.1%})"
    yield (
        f"{counts['subject']} of these have a subject, {refused} are refused ({refused / len(photos):.1%} of all);"
        f" the subject is in the middle in {counts['central']}"
    )
    mated, alike_most = counts["mated"], counts["most alike"]
    yield f"{mated} of these show people with another photo: the subject resembles it most in {alike_most}"
    yield "| second largest by largest face | photos | the largest is not the one in the middle |"
    yield "|---|---|---|"
    for low in (0.0, 0.5, 0.6, 0.7, 0.8, 0.9):
        high = 0.5 if low == 0 else low + 0.1 if low < 0.9 else np.inf
        wrong = [each for ratio, each in ratios if low <= ratio < high]
        yield f"| from {low:.1f} | {len(wrong)} | {sum(wrong) / max(1, len(wrong)):.0%} |"


def turned(pipeline: Pipeline, photos: list[PhotoFile]) -> Iterator[str]:
    """100 people enlarged to 500 pixels: what register takes of a turned photo, recognize must take too."""
    first = list({photo.person: photo for photo in reversed(photos)}.values())
    chosen = [
        cv2.resize(pipeline.read(photo), (500, 500), interpolation=cv2.INTER_LANCZOS4)
        for photo in first[:: max(1, len(first) // 100)][:100]
    ]
    for degrees in [*range(0, 80, 5), 90, 135, 180, 225, 270, *range(-5, -80, -5)]:
        matrix = cv2.getRotationMatrix2D((249.5, 249.5), degrees, 1)
        scores = []
        for upright in chosen:
            image = np.asarray(cv2.warpAffine(upright, matrix, (500, 500), borderValue=GREY), dtype=np.uint8)
            face = pipeline.subject(image)
            if face is not None:
                quick = largest(pipeline.detector.detect(image, largest_only=True), image)
                scores.append(pipeline.embedded(image, face)[0] @ pipeline.embedded(image, quick)[0])
        refused = sum(score < THRESHOLD for score in scores)
        yield f"| {degrees} | {len(scores)} | {refused} | {np.median(scores):.3f} |"


def painted(image: Image, faces: list[DetectedFace], paint: str, texture: Image) -> Image:
    """A photo whose faces are covered with its mean colour, with noise, or with a texture."""
    image, mean, random = image.copy(), image[:20].reshape(-1, 3).mean(0), np.random.default_rng(0)
    for face in faces:
        margin = 0.35 * face.box.longer
        left, top = max(0, int(face.box.x - margin)), max(0, int(face.box.y - margin))
        right, bottom = int(face.box.x + face.box.width + margin), int(face.box.y + face.box.height + margin)
        covered = image[top:bottom, left:right]
        if paint == "flat":
            covered[:] = mean
        elif paint == "noise":
            covered[:] = random.normal(mean, 40, covered.shape).clip(0, 255)
        else:
            covered[:] = cv2.resize(texture, covered.shape[1::-1])
    return image


def tilt(face: DetectedFace) -> float:
    """Degrees by which the line between the eyes is tilted, either way; 0 without landmarks."""
    if face.landmarks is None:
        return 0
    right, down = np.asarray(face.landmarks)[1] - np.asarray(face.landmarks)[0]
    return abs(float(np.degrees(np.arctan2(down, right))))


def faceless(pipeline: Pipeline, photos: list[PhotoFile]) -> Iterator[str]:
    """Faces found in 400 photos whose faces are painted over, in three ways."""
    chosen = [pipeline.read(photo) for photo in photos[:: max(1, len(photos) // 400)][:400]]
    faces = [pipeline.detector.detect(image) for image in chosen]
    corners = [image[150:, :60] for image in [*chosen[1:], chosen[0]]]
    yield "| painted over | photos | upright faces found in | faces that lie or stand on their heads |"
    yield "|---|---|---|---|"
    for paint in ("flat", "noise", "the corner of another photo"):
        found = [
            pipeline.detector.detect(painted(image, own, paint, corner))
            for image, own, corner in zip(chosen, faces, corners, strict=True)
        ]
        lying = [any(tilt(face) > 45 for face in each) for each in found]
        upright = [any(tilt(face) <= 45 for face in each) for each in found]
        yield f"| {paint} | {len(chosen)} | {sum(upright)} | {sum(lying)} |"


TABLES = {"conditions": conditions, "subject": background, "turned": turned, "faceless": faceless}

if __name__ == "__main__":
    table, images = sys.argv[1:]
    for line in TABLES[table](Pipeline(), find_photos(Path(images))):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
