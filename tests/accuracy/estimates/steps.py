"""A photo as recognition analyses it, as if every estimate left doubt, down to its embedding."""

import time
from dataclasses import dataclass

from application.analysis.analyser import AnalysedFace
from application.analysis.detection import locate_coarsely
from application.analysis.embedding import Fidelity
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.analysis.sources import Photo, SourceReader
from domain.errors import FaceServiceError
from domain.faces import Embedding
from domain.quality import LENIENT, NO_BOUNDS


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What a photo's face was embedded with, and what it took."""

    embedding: Embedding
    fidelity: Fidelity
    error: float
    """By how much similarities may differ from those of the embedding."""
    ms: float
    """Processor time."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Those of a photo that isn't refused."""

    begun: str
    """Why it was analysed as it was at first."""
    steps: tuple[Step, ...]
    """The last one has the embedding."""

    @property
    def exact(self) -> Embedding:
        """The embedding."""
        return self.steps[-1].embedding


async def analyse_in_steps(
    reader: SourceReader, data: bytes, selection: FaceSelection = FaceSelection.LARGEST
) -> Steps | None:
    """The steps of the largest face; None if recognition refuses the photo.

    Args:
        reader: of photos.
        data: the file.
        selection: of the request. With ALL it is the largest of all faces.
    """
    photo, options, steps = Photo(data), PhotoOptions(selection=selection), []
    bounds = NO_BOUNDS if selection is FaceSelection.ALL else LENIENT
    try:
        begun = time.process_time()
        faces = await reader.read(photo, options, bounds, estimate=True)
        if not faces:
            return None
        first = face = max(faces, key=_size)
        steps.append(_step(face, begun))
        while face.estimated:
            begun = time.process_time()
            (face,) = await reader.closer([face], photo, options, bounds)
            steps.append(_step(face, begun))
    except FaceServiceError:
        return None
    return Steps(_why(reader, data, first, selection), tuple(steps))


def _size(face: AnalysedFace) -> float:
    return 0.0 if face.detected is None else face.detected.box.longer


def _step(face: AnalysedFace, begun: float) -> Step:
    return Step(face.embedding, face.fidelity, face.error, 1000 * (time.process_time() - begun))


def _why(reader: SourceReader, data: bytes, face: AnalysedFace, selection: FaceSelection) -> str:
    if selection is FaceSelection.ALL:
        return "all faces"
    if face.fidelity is Fidelity.COARSE:
        return "plain to see"
    analyser = reader.analyser
    detector = analyser.models.detector(analyser.models.choose(None, None).detection)
    found = locate_coarsely(data, analyser.decoder, detector)
    return "not plain to see" if found is None else "unclear, noisy or near a bound of quality"
