"""The same work on many photos, several at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias, TypeVar

from application.evaluation.errors import EvaluationError
from application.ports.analysis import ImageDecoder
from domain.errors import InvalidInput
from domain.faces import Image

T = TypeVar("T")
R = TypeVar("R")

Progress: TypeAlias = Callable[[int, int], object]
"""Called with the photos that are done and the photos there are, in the caller's thread."""


def for_each(items: Sequence[T], work: Callable[[T], R], workers: int, progress: Progress) -> list[R]:
    """The results of `work`, in order; the first error ends it all."""
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


def read_image(path: Path, decoder: ImageDecoder) -> Image | None:
    """The image in a file; None when it is no image.

    Raises:
        EvaluationError: the file can't be read.
    """
    try:
        return decoder.decode(read_photo(path))
    except InvalidInput:
        return None
