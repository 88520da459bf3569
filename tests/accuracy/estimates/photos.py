"""Sets of photos that were analysed once, so that galleries and rules can be tried on them again and again."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from application.analysis.embedding import Fidelity
from application.analysis.selection import FaceSelection
from application.analysis.sources import SourceReader
from application.evaluation.datasets.photos import Progress
from application.photo_folders import find_photos
from domain.faces import Embedding
from tests.accuracy.estimates.steps import Step, Steps, analyse_in_steps
from tests.accuracy.worse import WAYS, made_worse

AS_IT_IS = "as it is"
"""The kind of a photo that wasn't made worse."""


@dataclass(frozen=True, slots=True, eq=False)
class AnalysedPhoto:
    """A photo of somebody."""

    person: str
    kind: str
    """A key of WAYS, or AS_IT_IS."""
    steps: Steps


@dataclass(frozen=True, slots=True, eq=False)
class PhotoSet:
    """Photos of some people."""

    name: str
    probes: list[AnalysedPhoto]
    """What is searched for."""
    enrolled: dict[str, list[AnalysedPhoto]]
    """By person, what may be enrolled."""
    refused: Counter[str]
    """Photos that recognition refuses, by kind."""

    @classmethod
    def of(cls, name: str, photos: list[AnalysedPhoto], refused: Counter[str]) -> "PhotoSet":
        """Photos as they are may be enrolled. They are searched for where none was made worse."""
        worse = [photo for photo in photos if photo.kind != AS_IT_IS]
        enrolled: dict[str, list[AnalysedPhoto]] = {}
        for photo in photos:
            if photo.kind == AS_IT_IS:
                enrolled.setdefault(photo.person, []).append(photo)
        return cls(name, worse or photos, enrolled, refused)


def analyse_folder(
    reader: SourceReader,
    folder: Path,
    *,
    ways: int = 0,
    selection: FaceSelection = FaceSelection.LARGEST,
    progress: Progress,
) -> tuple[list[AnalysedPhoto], Counter[str]]:
    """The photos of a folder with one folder a person, and how many of each kind are refused.

    Args:
        reader: of photos.
        folder: of the set.
        ways: in how many ways, one after another, a photo is made worse. The first photo of each person stays
            as it is. With 0 all do.
        selection: of the face.
        progress: told of the number of photos that are done, and of all.
    """
    draw, turn = np.random.default_rng(1), 0
    photos: list[AnalysedPhoto] = []
    refused: Counter[str] = Counter()
    seen: set[str] = set()
    files = find_photos(folder)
    for number, file in enumerate(files):
        data, kinds = file.path.read_bytes(), [AS_IT_IS]
        if ways and file.person in seen:
            kinds = [list(WAYS)[(turn + place) % len(WAYS)] for place in range(ways)]
            turn += ways
        seen.add(file.person)
        for kind in kinds:
            steps = asyncio.run(analyse_in_steps(reader, _picture(reader, data, kind, draw), selection))
            if steps is None:
                refused[kind] += 1
            else:
                photos.append(AnalysedPhoto(file.person, kind, steps))
        progress(number + 1, len(files))
    return photos, refused


def _picture(reader: SourceReader, data: bytes, kind: str, draw: Generator) -> bytes:
    return data if kind == AS_IT_IS else made_worse(reader.analyser.decoder.decode(data), kind, draw)


def write_photos(file: Path, photos: list[AnalysedPhoto], refused: Counter[str]) -> None:
    """Keep what was analysed. It has embeddings, which are personal data: delete it afterwards."""
    rows = [(row, step) for row, photo in enumerate(photos) for step in photo.steps.steps]
    np.savez(
        file,
        person=np.array([photo.person for photo in photos], dtype=np.str_),
        kind=np.array([photo.kind for photo in photos], dtype=np.str_),
        begun=np.array([photo.steps.begun for photo in photos], dtype=np.str_),
        refused=np.array(list(refused.elements()), dtype=np.str_),
        row=np.array([row for row, _ in rows]),
        vector=np.array([step.embedding.vector for _, step in rows], dtype=np.float32),
        norm=np.array([step.embedding.norm for _, step in rows]),
        model=np.array([step.embedding.model for _, step in rows], dtype=np.str_),
        fidelity=np.array([step.fidelity for _, step in rows]),
        error=np.array([step.error for _, step in rows]),
        ms=np.array([step.ms for _, step in rows]),
    )


def read_photos(file: Path) -> PhotoSet:
    """What `write_photos` has kept."""
    with np.load(file, allow_pickle=False) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    steps: dict[int, list[Step]] = {}
    for row, step in _steps(stored):
        steps.setdefault(row, []).append(step)
    photos = [
        AnalysedPhoto(str(person), str(kind), Steps(str(begun), tuple(steps[row])))
        for row, (person, kind, begun) in enumerate(
            zip(stored["person"], stored["kind"], stored["begun"], strict=True)
        )
    ]
    return PhotoSet.of(file.stem, photos, Counter(map(str, stored["refused"])))


def _steps(stored: dict[str, np.ndarray]) -> Iterator[tuple[int, Step]]:
    names = ("row", "vector", "model", "norm", "fidelity", "error", "ms")
    for row, vector, model, norm, fidelity, error, ms in zip(*(stored[name] for name in names), strict=True):
        embedding = Embedding(vector, str(model), float(norm))
        yield int(row), Step(embedding, Fidelity(int(fidelity)), float(error), float(ms))
