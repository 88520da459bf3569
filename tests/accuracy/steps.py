"""A photo as recognition analyses it, as if every estimate left doubt, down to its embedding."""

import time
from dataclasses import dataclass

from application.analysis.analyser import AnalysedFace
from application.analysis.detection import locate_coarsely
from application.analysis.embedding import Fidelity
from application.analysis.options import PhotoOptions
from application.analysis.sources import Photo, SourceReader
from domain.errors import FaceServiceError
from domain.faces import Embedding
from domain.quality import LENIENT


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """The face of a photo, and what it took."""

    face: AnalysedFace
    ms: float
    """Processor time."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Those of a photo that isn't refused."""

    begun: str
    """Why it was analysed as it was at first."""
    steps: tuple[Step, ...]
    """The last one's face has its embedding."""

    @property
    def exact(self) -> Embedding:
        """The embedding."""
        return self.steps[-1].face.embedding


async def analyse_in_steps(reader: SourceReader, data: bytes) -> Steps | None:
    """The steps of the largest face; None if recognition refuses the photo."""
    photo, options, steps = Photo(data), PhotoOptions(), []
    try:
        begun = time.process_time()
        face = await reader.read_one(photo, options, LENIENT, estimate=True)
        steps.append(Step(face, 1000 * (time.process_time() - begun)))
        while face.estimated:
            begun = time.process_time()
            (face,) = await reader.closer([face], photo, options, LENIENT)
            steps.append(Step(face, 1000 * (time.process_time() - begun)))
    except FaceServiceError:
        return None
    return Steps(_why(reader, data, steps[0].face), tuple(steps))


def _why(reader: SourceReader, data: bytes, face: AnalysedFace) -> str:
    if face.fidelity is Fidelity.COARSE:
        return "plain to see"
    analyser = reader.analyser
    detector = analyser.models.detector(analyser.models.choose(None, None).detection)
    found = locate_coarsely(data, analyser.decoder, detector)
    return "not plain to see" if found is None else "unclear, noisy or near a bound of quality"
