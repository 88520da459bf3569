"""The use case: does refusing bad photos make recognition better? Error-versus-discard curves, by measure.

Grother and Tabassi, "Performance of Biometric Quality Measures", 2007; ISO/IEC 29794-1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.analysis import FaceAnalyser
from application.evaluation.errors import EvaluationError
from application.evaluation.impostors import compare_everyone
from application.evaluation.metrics import Share
from application.evaluation.parallel import Progress, for_each, read_image
from application.evaluation.photos import PhotoFile, central, find_photos
from application.ports.quality import QualityAssessor
from domain.models import ModelChoice
from domain.quality import Measure, QualityBounds, QualityReport, goodness

FMR = 1e-3
DISCARDS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2)
"""Shares of the photos."""
COMBINED = "combined"

Assessed = tuple[NDArray[np.float32], QualityReport]


@dataclass(frozen=True, slots=True)
class DiscardCurve:
    """The false non-match rate when the worst photos by one measure are left out."""

    measure: str
    """One of Measure, or COMBINED."""
    fnmr: tuple[Share, ...]
    """One for each of DISCARDS."""


@dataclass(frozen=True, slots=True)
class Refusals:
    """What bounds refuse."""

    photos: Share
    by_measure: tuple[tuple[Measure, float], ...]
    """Share of the photos that miss this bound, perhaps among others."""
    fnmr: Share
    """Of pairs of photos that are both accepted."""


@dataclass(frozen=True, slots=True)
class QualityEvaluation:
    """All figures of one run."""

    models: ModelChoice
    photos: int
    undetected: int
    genuine_pairs: int
    threshold: float
    """Cosine similarity at which FMR is met, on all pairs of different people and all photos."""
    curves: tuple[DiscardCurve, ...]
    recognition: Refusals
    enrolment: Refusals


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateQuality:
    """Measures what quality measures and bounds are worth, on photos of known people."""

    analyser: FaceAnalyser
    assessor: QualityAssessor
    recognition: QualityBounds
    enrolment: QualityBounds
    workers: int

    def execute(
        self,
        images: Path,
        progress: Progress,
        *,
        detection_model: str | None = None,
        recognition_model: str | None = None,
    ) -> QualityEvaluation:
        """Embed and assess every photo once, and compare all photos of the same person.

        Args:
            images: a folder with one folder a person.
            progress: called after each photo.
            detection_model: the configured one if None.
            recognition_model: likewise.

        Raises:
            EvaluationError: photos are missing, or no person has two.
            UnknownModel, ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        choice = self.analyser.models.choose(detection_model, recognition_model)
        self.analyser.models.detector(choice.detection)  # what is missing is missing before the work
        self.analyser.models.embedder(choice.recognition)
        photos = find_photos(images)
        results = for_each(photos, lambda photo: self._assess(photo, choice), self.workers, progress)
        found = [(photo, result) for photo, result in zip(photos, results, strict=True) if result]
        names = np.array([photo.person for photo, _ in found])
        vectors = np.stack([vector for _, (vector, _) in found]) if found else np.empty((0, 1), np.float32)
        reports = [report for _, (_, report) in found]
        pairs = genuine_pairs(names)
        if not len(pairs) or len(np.unique(names)) < 2:  # noqa: PLR2004
            raise EvaluationError("a quality evaluation needs two people, and two photos of one of them")
        people: NDArray[np.intp] = np.unique(names, return_inverse=True)[1]
        threshold = compare_everyone(vectors, people).everyone.threshold(FMR)
        missed = np.sum(vectors[pairs[:, 0]] * vectors[pairs[:, 1]], axis=1) < threshold
        return QualityEvaluation(
            models=choice,
            photos=len(photos),
            undetected=len(photos) - len(found),
            genuine_pairs=len(pairs),
            threshold=threshold,
            curves=tuple(
                DiscardCurve(name, discard_curve(values, pairs, missed))
                for name, values in goodness_of(reports).items()
            ),
            recognition=refusals(reports, self.recognition, pairs, missed),
            enrolment=refusals(reports, self.enrolment, pairs, missed),
        )

    def _assess(self, photo: PhotoFile, choice: ModelChoice) -> Assessed | None:
        models = self.analyser.models
        image = read_image(photo.path, self.analyser.decoder)
        faces = [] if image is None else models.detector(choice.detection).detect(image)
        if image is None or not faces:
            return None
        face = central(faces, image)
        crop = self.analyser.aligner(choice.recognition).align(image, face)
        vectors, strengths = models.embedder(choice.recognition).embed_rated([crop])
        return vectors[0], self.assessor.assess(image, face, crop, float(strengths[0]))


def genuine_pairs(names: NDArray[np.str_]) -> NDArray[np.intp]:
    """All pairs of photos of the same person, P x 2 indices."""
    pairs = [
        rows[np.stack(np.triu_indices(len(rows), 1), axis=1)]
        for rows in (np.flatnonzero(names == name) for name in np.unique(names))
    ]
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.intp)


def goodness_of(reports: Sequence[QualityReport]) -> dict[str, NDArray[np.float64]]:
    """By measure and combined, one a report: more is better. Without measures that some report lacks."""
    measures = [measure for measure in Measure if all(measure in report.values for report in reports)]
    columns = {
        str(measure): np.array([goodness(measure, report.values[measure]) for report in reports])
        for measure in measures
    }
    return columns | {COMBINED: np.array([report.score for report in reports])}


def discard_curve(
    goodness: NDArray[np.float64], pairs: NDArray[np.intp], missed: NDArray[np.bool_]
) -> tuple[Share, ...]:
    """The false non-match rate without the worst photos, for each of DISCARDS; equals go in random order.

    Args:
        goodness: one a photo.
        pairs: P x 2 indices of photos.
        missed: P, which pairs don't match.
    """
    tie_break = np.random.default_rng(0).random(len(goodness))
    order = np.lexsort((tie_break, goodness))
    shares = []
    for discard in DISCARDS:
        kept = np.ones(len(goodness), dtype=bool)
        kept[order[: round(discard * len(goodness))]] = False
        shares.append(_fnmr(kept, pairs, missed))
    return tuple(shares)


def refusals(
    reports: Sequence[QualityReport],
    bounds: QualityBounds,
    pairs: NDArray[np.intp],
    missed: NDArray[np.bool_],
) -> Refusals:
    """What bounds refuse of the photos, and the error among the rest."""
    missed_bounds = [{reason.measure for reason in report.reasons(bounds)} for report in reports]
    kept = np.array([not measures for measures in missed_bounds])
    return Refusals(
        Share.of(int((~kept).sum()), len(kept)),
        tuple(
            (measure, sum(measure in measures for measures in missed_bounds) / len(kept))
            for measure in bounds.limits
        ),
        _fnmr(kept, pairs, missed),
    )


def _fnmr(kept: NDArray[np.bool_], pairs: NDArray[np.intp], missed: NDArray[np.bool_]) -> Share:
    chosen = kept[pairs].all(axis=1)
    return Share.of(int(missed[chosen].sum()), max(1, int(chosen.sum())))
