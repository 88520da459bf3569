"""Photos of living people and of attacks, and what presentation attack detection says of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.analysis.analyser import FaceAnalyser
from application.evaluation.datasets.photos import Progress, find_central_face, map_photos
from application.evaluation.errors import EvaluationError
from application.photo_folders import SUFFIXES
from domain.liveness.detection import Liveness


@dataclass(frozen=True, slots=True)
class NonResponse:
    """Photos that are not judged: they are in no error rate (ISO/IEC 30107-3)."""

    photos: int
    """All there are."""
    without_face: int
    undetermined: int
    """With a face that can't be judged."""
    reasons: Mapping[str, int]
    """Why; a photo may have several reasons."""

    @property
    def share(self) -> float:
        """The non-response rate: BPNRR of living people, APNRR of attacks; 0 without photos."""
        return (self.without_face + self.undetermined) / self.photos if self.photos else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Presentations:
    """The liveness of the central face of each photo."""

    found: Sequence[Liveness | None]
    """None where no face was found."""
    species: Sequence[str] = ()
    """Of attacks: one each."""

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which photos have a score that means something."""
        return np.array([one is not None and not one.reasons for one in self.found], dtype=np.bool_)

    @property
    def scores(self) -> NDArray[np.float64]:
        """Of the photos that were judged."""
        return np.array(
            [one.score for one in self.found if one is not None and not one.reasons], dtype=np.float64
        )

    @property
    def judged_species(self) -> NDArray[np.str_]:
        """The species of the attacks that were judged."""
        return np.array(self.species, dtype=np.str_)[self.judged]

    @property
    def non_response(self) -> NonResponse:
        """The photos that were not judged."""
        without = sum(one is None for one in self.found)
        return NonResponse(
            photos=len(self.found),
            without_face=without,
            undetermined=int((~self.judged).sum()) - without,
            reasons=Counter(str(reason) for one in self.found if one for reason in one.reasons),
        )


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPhotos:
    """Photos that were judged with one choice of anti-spoofing models."""

    live: Presentations
    attacks: Presentations
    model: str
    """The models' names with `+` between them."""
    threshold: float
    """The least score of a face that is taken for living, as configured."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgePhotos:
    """Judges photos from folders."""

    analyser: FaceAnalyser
    workers: int

    def execute(
        self, live: Path, attack: Path | None, progress: Progress, detection_model: str | None = None
    ) -> JudgedPhotos:
        """The photos of living people, and those of attacks.

        Args:
            live: a folder of photos of living people, at any depth, taken as the service will get them.
            attack: the same of attacks, if there are any; each of its subfolders is one species of attack.
            progress: of both together.
            detection_model: the configured one if None.

        Raises:
            EvaluationError: a folder has no photos, or one can't be read.
            UnknownModel, ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        detection = self.analyser.models.choose(detection_model, None).detection
        # Find out that a model is missing, or a calibration broken, before the work.
        self.analyser.models.detector(detection)
        gate = self.analyser.gate
        threshold = gate.threshold()
        living, attacks = _photos(live), [] if attack is None else _photos(attack)
        found = map_photos(
            [*living, *attacks], lambda path: self._judge(path, detection), self.workers, progress
        )
        species = [] if attack is None else [_species(path, attack) for path in attacks]
        return JudgedPhotos(
            Presentations(found[: len(living)]),
            Presentations(found[len(living) :], species),
            gate.detector().name,
            threshold,
        )

    def _judge(self, path: Path, detection: str) -> Liveness | None:
        found = find_central_face(path, self.analyser.decoder, self.analyser.models.detector(detection))
        return None if found is None else self.analyser.gate.judge(*found)


def _photos(folder: Path) -> list[Path]:
    photos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not photos:
        raise EvaluationError(f"{folder} has no photos")
    return photos


def _species(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder).parts
    return parts[0] if len(parts) > 1 else "attack"
