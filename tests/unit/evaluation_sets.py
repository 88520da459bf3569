"""Evaluation sets that are made up."""

import numpy as np
from numpy.typing import NDArray

from adapters.files.vectors import NpzVectorFiles
from application.evaluation.datasets.embedding import EmbedPhotos
from application.evaluation.datasets.evaluation_set import EvaluationSet, LoadSets
from tests.unit.fakes import analyser


def loading(recognition: str | None = None) -> LoadSets:
    """For the colour stand-ins."""
    pipeline = analyser()
    return LoadSets(
        EmbedPhotos(pipeline, pipeline.models.choose(None, recognition), workers=2), NpzVectorFiles()
    )


def as_set(
    vectors: NDArray[np.float32], people: NDArray[np.intp], set_name: str = "made up", **labels: list[str]
) -> EvaluationSet:
    """N x D unit vectors as a set."""
    count = len(vectors)
    return EvaluationSet(
        set_name,
        vectors,
        tuple(map(str, people.tolist())),
        tuple(map(str, range(count))),
        {label: tuple(values) for label, values in labels.items()},
        np.full(count, np.nan, dtype=np.float32),
    )
