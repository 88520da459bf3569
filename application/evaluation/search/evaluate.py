"""The use case: how often does a search err, and which method weighs several faces of a person best?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from application.decisions import DecisionPolicy
from application.evaluation.datasets.evaluation_set import LoadSets
from application.evaluation.datasets.groups import NO_GROUPS, Grouping
from application.evaluation.datasets.photos import Progress
from application.evaluation.errors import EvaluationError
from application.evaluation.search.gallery_sizes import PARTS, GalleryResult, measure_galleries
from application.evaluation.search.half_galleries import HalfGalleries, measure_searches
from application.evaluation.search.methods import MethodResult, compare_methods
from domain.models import ModelChoice

LEAST_PEOPLE = 20 * PARTS
"""Each of the parts must have enough people for a calibration."""
LEAST_FOR_GROUPS = 20
"""Half of them are enrolled."""


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
    """Empty with fewer people than LEAST_PEOPLE; likewise the methods."""
    methods: tuple[MethodResult, ...]
    halves: HalfGalleries | None = None
    """None without groups."""


@dataclass(frozen=True, slots=True, eq=False)
class EvaluateSearch:
    """Measures searches on labelled photos, at thresholds that come from other people's."""

    loading: LoadSets
    policy: DecisionPolicy
    """Has the target rates, and the service's threshold for an average population, which is measured at."""

    def execute(
        self,
        source: Path,
        progress: Progress,
        grouping: Grouping = NO_GROUPS,
    ) -> SearchEvaluation:
        """Search for photos of people who are enrolled, and of others.

        Raises:
            EvaluationError: the photos are not enough.
            CommandError, ModelNotInstalled, BrokenModel: see LoadSets.execute.
        """
        models = self.loading.models
        (embedded,) = self.loading.execute([source], progress)
        vectors = embedded.vectors[embedded.found]
        people = np.unique(embedded.people[embedded.found], return_inverse=True)[1]
        count = len(np.unique(people))
        least = LEAST_FOR_GROUPS if grouping else LEAST_PEOPLE
        if count < least:
            raise EvaluationError(
                f"searches are measured on photos of at least {least} people; faces of {count} were found"
            )
        halves = None
        if grouping:
            attributes = grouping.attributes([embedded])
            halves = measure_searches(embedded, attributes, self.policy, models.recognition)
        target = self.policy.target_fmr, self.policy.target_fpir
        enough = count >= LEAST_PEOPLE
        return SearchEvaluation(
            models=models,
            photos=len(embedded.photos),
            people=count,
            target_fmr=self.policy.target_fmr,
            target_fpir=self.policy.target_fpir,
            galleries=measure_galleries(vectors, people, models, target) if enough else (),
            methods=compare_methods(vectors, people, models, target) if enough else (),
            halves=halves,
        )
