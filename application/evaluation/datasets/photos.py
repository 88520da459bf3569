"""Photos of one person each: read in parallel, and the face that each is of."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias, TypeVar

from application.evaluation.errors import EvaluationError
from application.ports.analysis import FaceDetector, ImageDecoder
from domain.errors import InvalidInput
from domain.faces import DetectedFace, Image

T = TypeVar("T")
R = TypeVar("R")

Progress: TypeAlias = Callable[[int, int], object]
"""Called in the caller's thread with the number of photos that are done and the number of all."""


def map_photos(items: Sequence[T], work: Callable[[T], R], workers: int, progress: Progress) -> list[R]:
    """The results of `work` in the order of `items`; the first error ends all work."""
    results: list[R] = []
    progress(0, len(items))
    threads = ThreadPoolExecutor(workers, thread_name_prefix="face-evaluation")
    try:
        for result in threads.map(work, items):
            results.append(result)
            progress(len(results), len(items))
    finally:
        threads.shutdown(cancel_futures=True)
    return results


def read_photo(path: Path) -> bytes:
    """The content of a file.

    Raises:
        EvaluationError: it can't be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvaluationError(f"can't read {path}: {error.strerror}") from error


def find_central_face(
    path: Path, decoder: ImageDecoder, detector: FaceDetector
) -> tuple[Image, DetectedFace] | None:
    """The image in a file and its central face; None if the file is no image, or shows no face.

    Raises:
        EvaluationError: the file can't be read.
    """
    try:
        image = decoder.decode(read_photo(path))
    except InvalidInput:
        return None
    faces = detector.detect(image)
    return (image, central_face(faces, image)) if faces else None


def central_face(faces: Sequence[DetectedFace], image: Image) -> DetectedFace:
    """The face that a photo of one person is of: large, and near the middle.

    Its area less twice its squared distance from the middle is the greatest. LFW's photos have their subject in the
    middle, now and then with a larger face beside it.
    """
    height, width = image.shape[:2]

    def prominence(face: DetectedFace) -> float:
        right = face.box.x + face.box.width / 2 - width / 2
        down = face.box.y + face.box.height / 2 - height / 2
        return float(face.box.area - 2 * (right * right + down * down))

    return max(faces, key=prominence)
