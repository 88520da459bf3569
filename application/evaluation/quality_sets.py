"""Sets of photos of known people whose quality was measured: from photos, or from vectors that somebody kept."""

import zipfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from application.evaluation.errors import EvaluationError
from domain.quality import Measure, QualityReport

_NORM_KEYS = ("embedding_norm", "strength")
"""The second is what older files call it."""


@dataclass(frozen=True, slots=True, eq=False)
class QualitySet:
    """Embeddings of N photos and what was measured of them."""

    name: str
    people: NDArray[np.intp]
    """N, which person each photo shows."""
    vectors: NDArray[np.float32]
    """N x D, unit norm."""
    reports: Sequence[QualityReport]
    undetected: int = 0
    """Photos without a face, which are not among the N."""


def read_vectors(path: Path, without_views: Collection[str] = ()) -> QualitySet:
    """A set without photos, of which the norm of the embedding is all that is known.

    Args:
        path: an .npz file with `vectors` (N x D, as the network gives them), `person` (N) and `embedding_norm`
            (N, see Measure.EMBEDDING_NORM), perhaps with `view` (N, such as L135/0).
        without_views: views that are left out, by what stands before the slash.

    Raises:
        EvaluationError: it can't be read, or isn't such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            norms = next(file[key] for key in _NORM_KEYS if key in file)
            vectors, people = file["vectors"].astype(np.float32), file["person"]
            views = file["view"] if without_views else np.full(len(vectors), "")
    except (OSError, ValueError, KeyError, StopIteration, zipfile.BadZipFile) as error:
        raise EvaluationError(f"{path} is no file with vectors, person and embedding_norm") from error
    if vectors.ndim != 2 or not len(vectors) == len(people) == len(norms) == len(views):  # noqa: PLR2004
        raise EvaluationError(f"{path}: the arrays in it don't belong together")
    lengths = np.linalg.norm(vectors, axis=1)
    if not np.isfinite(lengths).all() or not lengths.all():
        raise EvaluationError(f"{path}: vectors must be finite and not zero")
    kept = ~np.isin(np.char.partition(views.astype(str), "/")[:, 0], list(without_views))
    return QualitySet(
        path.stem,
        np.unique(people[kept], return_inverse=True)[1],
        (vectors / lengths[:, None])[kept],
        [QualityReport({Measure.EMBEDDING_NORM: float(norm)}) for norm in norms[kept]],
    )
