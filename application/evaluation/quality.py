"""The use case: does refusing bad photos make recognition better, and does it refuse good ones?

Error-versus-discard curves, by measure (Grother and Tabassi, "Performance of Biometric Quality Measures", 2007;
ISO/IEC 29794-1), and what the bounds refuse of photos in which the right person would have been found.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.analysis.analyser import FaceAnalyser
from application.evaluation.errors import EvaluationError
from application.evaluation.impostors import compare_everyone
from application.evaluation.metrics import Share
from application.evaluation.parallel import Progress, for_each, read_image
from application.evaluation.photos import EmbedPhotos, central
from application.evaluation.quality_sets import QualitySet
from application.evaluation.sets import LoadSets, VectorFile
from application.photo_folders import PhotoFile, find_photos
from application.ports.quality import QualityAssessor
from application.ports.vectors import VectorFiles
from domain.faces import ScaledImage
from domain.models import ModelChoice
from domain.quality import Measure, QualityBounds, QualityReport, goodness

FMR = 1e-3
"""Of the error-versus-discard curves."""
SEARCH_FMR = 1e-4
"""At whose threshold a person counts as found."""
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
    found: Share
    """Of the photos in which the right person is found: what it costs."""
    not_found: Share
    """Of the others that have a mate: what it is for."""
    by_measure: tuple[tuple[Measure, float], ...]
    """Share of the photos in which the right person is found that miss this bound, perhaps among others."""
    fnmr: Share
    """Of pairs of photos that are both accepted."""


@dataclass(frozen=True, slots=True)
class SetQuality:
    """The figures of one set."""

    name: str
    photos: int
    undetected: int
    genuine_pairs: int
    threshold: float
    """Cosine similarity at which FMR is met, on all pairs of different people of the set, and all photos."""
    search_threshold: float
    """The same for SEARCH_FMR."""
    found: Share
    """Of the photos that have a mate: the nearest other photo is of the same person and reaches that threshold."""
    curves: tuple[DiscardCurve, ...]
    recognition: Refusals
    enrolment: Refusals


@dataclass(frozen=True, slots=True)
class QualityEvaluation:
    """All figures of one run."""

    models: ModelChoice
    sets: tuple[SetQuality, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateQuality:
    """Measures what quality measures and bounds are worth, on sets of photos of known people."""

    analyser: FaceAnalyser
    assessor: QualityAssessor
    files: VectorFiles
    recognition: QualityBounds
    enrolment: QualityBounds
    workers: int

    def execute(
        self,
        images: Sequence[Path],
        vectors: Sequence[Path],
        progress: Progress,
        *,
        without_views: Collection[str] = (),
        detection_model: str | None = None,
        recognition_model: str | None = None,
    ) -> QualityEvaluation:
        """Embed and assess every photo once, and compare all photos of a set with each other.

        Args:
            images: sets of photos; each a folder with one folder a person.
            vectors: files of vectors; see QualitySet.of_vectors.
            progress: called after each photo, for each folder from the beginning.
            without_views: likewise.
            detection_model: the configured one if None.
            recognition_model: likewise.

        Raises:
            EvaluationError: photos are missing, or no person of a set has two.
            UnknownModel, ModelNotInstalled, BrokenModel: see ModelLibrary.
        """
        choice = self.analyser.models.choose(detection_model, recognition_model)
        self.analyser.models.detector(choice.detection)  # what is missing is missing before the work
        self.analyser.models.embedder(choice.recognition)
        found = [find_photos(folder) for folder in images]
        loading = LoadSets(EmbedPhotos(self.analyser, self.workers), self.files)
        read = loading.execute([VectorFile(file) for file in vectors], choice, progress)
        kept = [QualitySet.of_vectors(each, without_views) for each in read]
        sets = [
            *(
                self._photos(folder, photos, choice, progress)
                for folder, photos in zip(images, found, strict=True)
            ),
            *kept,
        ]
        return QualityEvaluation(choice, tuple(self._evaluated(each) for each in sets))

    def _photos(
        self, folder: Path, photos: Sequence[PhotoFile], choice: ModelChoice, progress: Progress
    ) -> QualitySet:
        results = for_each(photos, lambda photo: self._assess(photo, choice), self.workers, progress)
        found = [(photo, result) for photo, result in zip(photos, results, strict=True) if result]
        names = np.array([photo.person for photo, _ in found])
        return QualitySet(
            folder.resolve().name,
            np.unique(names, return_inverse=True)[1],
            np.stack([vector for _, (vector, _) in found]) if found else np.empty((0, 1), np.float32),
            [report for _, (_, report) in found],
            len(photos) - len(found),
        )

    def _evaluated(self, those: QualitySet) -> SetQuality:
        pairs = genuine_pairs(those.people)
        if not len(pairs) or len(np.unique(those.people)) < 2:  # noqa: PLR2004
            raise EvaluationError("a quality evaluation needs two people, and two photos of one of them")
        impostors = compare_everyone(those.vectors, those.people).everyone
        threshold, search_threshold = impostors.threshold(FMR), impostors.threshold(SEARCH_FMR)
        missed = np.sum(those.vectors[pairs[:, 0]] * those.vectors[pairs[:, 1]], axis=1) < threshold
        mated = np.isin(np.arange(len(those.people)), pairs)
        found = mated & right_first(those.vectors, those.people, search_threshold)
        return SetQuality(
            name=those.name,
            photos=len(those.people) + those.undetected,
            undetected=those.undetected,
            genuine_pairs=len(pairs),
            threshold=threshold,
            search_threshold=search_threshold,
            found=Share.of(int(found.sum()), int(mated.sum())),
            curves=tuple(
                DiscardCurve(name, discard_curve(values, pairs, missed))
                for name, values in goodness_of(those.reports).items()
            ),
            recognition=refusals(those.reports, self.recognition, pairs, missed, found),
            enrolment=refusals(those.reports, self.enrolment, pairs, missed, found),
        )

    def _assess(self, photo: PhotoFile, choice: ModelChoice) -> Assessed | None:
        models = self.analyser.models
        image = read_image(photo.path, self.analyser.decoder)
        faces = [] if image is None else models.detector(choice.detection).detect(image)
        if image is None or not faces:
            return None
        face = central(faces, image)
        crop = self.analyser.aligner(choice.recognition).align(image, face)
        vectors, norms = models.embedder(choice.recognition).embed_rated([crop])
        return vectors[0], self.assessor.assess(ScaledImage(image), face, crop, float(norms[0]))


def genuine_pairs(people: NDArray[np.intp]) -> NDArray[np.intp]:
    """All pairs of photos of the same person, P x 2 indices."""
    pairs = [
        rows[np.stack(np.triu_indices(len(rows), 1), axis=1)]
        for rows in (np.flatnonzero(people == person) for person in np.unique(people))
    ]
    return np.concatenate(pairs) if pairs else np.empty((0, 2), dtype=np.intp)


def right_first(
    vectors: NDArray[np.float32], people: NDArray[np.intp], threshold: float
) -> NDArray[np.bool_]:
    """N, whether the most similar other photo is of the same person, and at least as similar as the threshold."""
    found = np.zeros(len(vectors), dtype=bool)
    for row, vector in enumerate(vectors):
        similarities = vectors @ vector
        similarities[row] = -np.inf
        nearest = int(similarities.argmax())
        found[row] = people[nearest] == people[row] and similarities[nearest] >= threshold
    return found


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
    found: NDArray[np.bool_],
) -> Refusals:
    """What bounds refuse of N photos.

    Args:
        reports: N.
        bounds: what is asked of them.
        pairs: P x 2 indices of photos of the same person.
        missed: P, which of them don't match.
        found: N, in which photos the right person is found.
    """
    reasons = [{reason.measure for reason in report.reasons(bounds)} for report in reports]
    refused = np.array([bool(measures) for measures in reasons])
    lost = np.isin(np.arange(len(reports)), pairs) & ~found
    return Refusals(
        Share.of(int(refused.sum()), len(refused)),
        _share(refused, found),
        _share(refused, lost),
        tuple(
            (measure, _share(np.array([measure in measures for measures in reasons]), found).value)
            for measure in bounds.limits
        ),
        _fnmr(~refused, pairs, missed),
    )


def _share(which: NDArray[np.bool_], of: NDArray[np.bool_]) -> Share:
    return Share.of(int((which & of).sum()), max(1, int(of.sum())))


def _fnmr(kept: NDArray[np.bool_], pairs: NDArray[np.intp], missed: NDArray[np.bool_]) -> Share:
    chosen = kept[pairs].all(axis=1)
    return Share.of(int(missed[chosen].sum()), max(1, int(chosen.sum())))
