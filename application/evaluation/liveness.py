"""The use case: how well are presentation attacks told from living faces, by ISO/IEC 30107-3?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.analysis import FaceAnalyser
from application.evaluation.errors import EvaluationError
from application.evaluation.metrics import Share
from application.evaluation.parallel import Progress, for_each, read_image
from application.evaluation.photos import SUFFIXES, central
from application.ports.liveness import SpoofDetector

Scores = NDArray[np.float64]
"""Of photos; NaN where no face was found."""


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """At one threshold."""

    threshold: float
    apcer: Mapping[str, Share]
    """Attacks that pass as living faces, by species of attack: a subfolder's name, or `attack`."""
    bpcer: Share
    """Living faces that are refused."""

    @property
    def worst_apcer(self) -> float:
        """The attack that works best is the one that will be used."""
        return max(share.value for share in self.apcer.values())

    @property
    def acer(self) -> float:
        """The mean of both rates."""
        return (self.worst_apcer + self.bpcer.value) / 2


@dataclass(frozen=True, slots=True)
class LivenessEvaluation:
    """All figures of one run."""

    model: str
    live: int
    live_without_face: int
    """Bona fide non-response: they are in no other figure."""
    attacks: int
    attacks_without_face: int
    """Attack non-response, likewise."""
    at_threshold: ErrorRates
    at_bpcer: ErrorRates
    """At the highest threshold that refuses at most the wanted share of living faces."""
    wanted_bpcer: float


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateLiveness:
    """Measures an anti-spoofing model on photos of living people and of attacks."""

    analyser: FaceAnalyser
    detector: SpoofDetector
    workers: int

    def execute(
        self,
        live: Path,
        attack: Path,
        progress: Progress,
        *,
        wanted_bpcer: float = 0.01,
        detection_model: str | None = None,
    ) -> LivenessEvaluation:
        """Judge the most prominent face of every photo.

        Args:
            live: a folder of photos of living people, at any depth.
            attack: the same of attacks; each of its subfolders is one species of attack.
            progress: called after each photo.
            wanted_bpcer: the share of living faces that a threshold may refuse.
            detection_model: the configured one if None.

        Raises:
            EvaluationError: a folder has no photos, or none with a face.
            UnknownModel, ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        choice = self.analyser.models.choose(detection_model, None)
        self.analyser.models.detector(choice.detection)  # what is missing is missing before the work
        living, attacks = _photos(live), _photos(attack)
        scores = np.array(
            for_each(
                [*living, *attacks],
                lambda path: self._score(path, choice.detection),
                self.workers,
                progress,
            )
        )
        species = [_species(path, attack) for path in attacks]
        return measure(
            scores[: len(living)],
            scores[len(living) :],
            species,
            model=self.detector.name,
            threshold=self.detector.threshold,
            wanted_bpcer=wanted_bpcer,
        )

    def _score(self, path: Path, detection_model: str) -> float:
        image = read_image(path, self.analyser.decoder)
        faces = [] if image is None else self.analyser.models.detector(detection_model).detect(image)
        if image is None or not faces:
            return float("nan")
        return self.detector.score(image, central(faces, image))


def measure(
    live: Scores, attack: Scores, species: Sequence[str], *, model: str, threshold: float, wanted_bpcer: float
) -> LivenessEvaluation:
    """The figures that follow from scores; `species` is one an attack.

    Raises:
        EvaluationError: no face was found in any of the one or the other.
    """
    found = ~np.isnan(attack)
    living, kinds = live[~np.isnan(live)], np.asarray(species)[found]
    if not len(living) or not found.any():
        raise EvaluationError("no face was found in the photos of living people, or in those of attacks")

    def at(limit: float) -> ErrorRates:
        passed = attack[found] >= limit
        return ErrorRates(
            limit,
            {
                str(kind): Share.of(int(passed[kinds == kind].sum()), int((kinds == kind).sum()))
                for kind in np.unique(kinds)
            },
            Share.of(int((living < limit).sum()), len(living)),
        )

    allowed = min(int(wanted_bpcer * len(living) + 1e-9), len(living) - 1)
    return LivenessEvaluation(
        model=model,
        live=len(live),
        live_without_face=len(live) - len(living),
        attacks=len(attack),
        attacks_without_face=int((~found).sum()),
        at_threshold=at(threshold),
        at_bpcer=at(float(np.sort(living)[allowed])),
        wanted_bpcer=wanted_bpcer,
    )


def _photos(folder: Path) -> list[Path]:
    photos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not photos:
        raise EvaluationError(f"{folder} has no photos")
    return photos


def _species(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder).parts
    return parts[0] if len(parts) > 1 else "attack"
