"""The use case: can the decision of a search be trusted, and how are several faces of a person best weighed?"""

from dataclasses import dataclass

import numpy as np

from application.evaluation.errors import EvaluationError
from application.evaluation.galleries import PARTS, GalleryResult, measure_galleries
from application.evaluation.parallel import Progress
from application.evaluation.sets import LoadSets, SetSource
from application.evaluation.weighing import MethodResult, compare_methods
from domain.models import ModelChoice

LEAST_PEOPLE = 20 * PARTS
"""So that each part can calibrate a model."""


@dataclass(frozen=True, slots=True)
class SearchEvaluation:
    """All figures of one run."""

    models: ModelChoice
    photos: int
    people: int
    target_fmr: float
    """Of a verification, which the threshold of a search is never below."""
    target_fpir: float
    galleries: tuple[GalleryResult, ...]
    methods: tuple[MethodResult, ...]


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateSearch:
    """Measures searches on labelled photos, at thresholds that come from other people's."""

    loading: LoadSets
    target_fmr: float
    target_fpir: float

    def execute(
        self,
        source: SetSource,
        progress: Progress,
        *,
        detection_model: str | None = None,
        recognition_model: str | None = None,
    ) -> SearchEvaluation:
        """Search for photos of people who are enrolled, and of strangers.

        Args:
            source: the set.
            progress: called after each photo.
            detection_model: the configured one if None.
            recognition_model: likewise.

        Raises:
            EvaluationError: the photos are not enough.
            UnknownModel, and all that LoadSets.execute raises.
        """
        choice = self.loading.choose(detection_model, recognition_model)
        (embedded,) = self.loading.execute([source], choice, progress)
        vectors = embedded.vectors[embedded.found]
        people = np.unique(embedded.people[embedded.found], return_inverse=True)[1]
        count = len(np.unique(people))
        if count < LEAST_PEOPLE:
            raise EvaluationError(
                f"searches are measured on photos of at least {LEAST_PEOPLE} people; faces of {count} were found"
            )
        target = self.target_fmr, self.target_fpir
        return SearchEvaluation(
            models=choice,
            photos=len(embedded.photos),
            people=count,
            target_fmr=self.target_fmr,
            target_fpir=self.target_fpir,
            galleries=measure_galleries(vectors, people, choice, target),
            methods=compare_methods(vectors, people, choice, target),
        )
