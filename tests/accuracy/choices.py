"""How the constants of embeddings and thresholds were chosen: `python -m tests.accuracy.choices --vectors FILE ...`.

Files are those of `face-api embed-set`, with vectors of `sface` that are not of unit norm.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper

from adapters.files.vectors import NpzVectorFiles
from adapters.onnx.graphs.preparation import fold_constants
from application.decisions import DecisionPolicy
from application.evaluation.calibration.calibrate import fit, usable
from application.evaluation.calibration.transfer import EvaluateTransfer, genuine_scores, pooled_threshold
from application.evaluation.datasets.evaluation_set import EvaluationSet
from application.evaluation.metrics.normalisation import NormalisedSet, normalise
from domain import impostors
from domain.calibration import CalibrationTable
from domain.models import ModelChoice
from entrypoints.cli.measuring import loading
from tests.conftest import SFACE_FILE, packaged

MODELS = ModelChoice("yunet", "sface")
Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def mean_in_training() -> NDArray[np.float32]:
    """Of SFace's vectors: the bias (beta) of the batch normalisation that they leave the network by."""
    model = ModelProto.FromString(packaged(SFACE_FILE))
    fold_constants(model)
    last = next(node for node in model.graph.node if model.graph.output[0].name in node.output)
    assert last.op_type == "BatchNormalization"
    bias = next(tensor for tensor in model.graph.initializer if tensor.name == last.input[2])
    return np.asarray(numpy_helper.to_array(bias), dtype=np.float32)


def embeddings(mean: NDArray[np.float32]) -> Mapping[str, Embed]:
    """What can be made of the network's vectors."""
    direction = mean / np.linalg.norm(mean)

    def less(share: float) -> Embed:
        return lambda raw: unit(raw - share * np.outer(raw @ direction, direction).astype(np.float32))

    def from_means(times: float) -> Embed:
        return lambda raw: unit(raw - np.float32(times) * mean)

    shares = {f"{share:.0%} of the component taken away": less(share) for share in (0, 0.5, 1)}
    return {**shares, **{f"directions from {times} means": from_means(times) for times in (1, 4)}}


def measured(name: str, sets: list[EvaluationSet]) -> str:
    """One row: pooled TAR, TAR at each set's own rate, and each rate at the first set's threshold."""
    compared = [normalise(each.name, each.vectors, each.people) for each in sets]
    pooled = pooled_threshold(compared)
    genuine = [genuine_scores(each) for each in sets]
    tar = np.mean([(scores >= pooled).mean() for scores in genuine])
    first = compared[0].similarities.everyone.threshold(1e-4)
    own = " ".join(
        f"{(scores >= each.similarities.everyone.threshold(1e-3)).mean():7.1%}"
        for scores, each in zip(genuine, compared, strict=True)
    )
    rates = " ".join(f"{each.similarities.everyone.fmr(first) * 1e4:7.1f}" for each in compared)
    return f"{name:36} {tar:8.2%}  {own}  {rates}"


@contextmanager
def constants(**values: float) -> Iterator[None]:
    """Replace constants of domain.impostors for a while."""
    before = {name: getattr(impostors, name) for name in values}
    for name, value in values.items():
        setattr(impostors, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(impostors, name, value)


def transferred(sets: list[EvaluationSet]) -> str:
    """FMR in promises and FNMR of each set, then FPIR and TPIR, with the table of the first set's kind of scores."""
    _, loader = loading()
    evaluation = EvaluateTransfer(loader, DecisionPolicy(lambda _: None, 1e-4, 0.01, 0))
    compared = [normalise(each.name, each.vectors, each.people, each.norms) for each in sets]
    cells = []
    for number, photos in enumerate(sets):
        rates = evaluation.measure(photos, _without(compared, number), number)
        cells.append(f"{rates.fmr * 1e4:5.1f} {rates.fnmr:6.1%} {rates.fpir:6.2%} {rates.tpir:6.1%}")
    return " | ".join(cells)


def _without(compared: list[NormalisedSet], left_out: int) -> CalibrationTable:
    """The table of all sets, with a prior that doesn't know one of them: small sets alone measure no tails."""
    table = fit(compared, MODELS, "all sets")
    populations = tuple(p for i, p in enumerate(table.populations) if i != left_out)
    return replace(table, populations=populations)


@click.command()
@click.option("--vectors", multiple=True, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--least-norm", default=0.7, show_default=True, help="as of evaluate-calibration")
def choices(vectors: tuple[Path, ...], least_norm: float) -> None:
    """Print what other constants would give."""
    _, loader = loading()
    embedder = loader.embedding.analyser.models.embedder("sface")
    raw = {path.stem: NpzVectorFiles().read(path) for path in vectors}
    sets = [usable(EvaluationSet.of(name, content, embedder), least_norm) for name, content in raw.items()]
    click.echo("embedding: pooled TAR; TAR at each set's FMR 1e-3; FMR (1e-4) at the first set's threshold")
    for name, embed in embeddings(mean_in_training()).items():
        variants = [
            usable(
                replace(EvaluationSet.of(key, content, embedder), vectors=embed(content.vectors)), least_norm
            )
            for key, content in raw.items()
        ]
        click.echo(measured(name, variants))
    click.echo("\nconstants: for each set FMR / 1e-4, FNMR, FPIR, TPIR")
    values: tuple[tuple[str, tuple[float, ...]], ...] = (
        ("PRIOR_PEOPLE", (5, 10, 40)),
        ("PRIOR_DEVIATION_PEOPLE", (20, 40, 160)),
        ("SAME_PERSON", (3, 4.5)),
        ("NORM_PENALTY", (0, 6, 12)),
        ("USUAL_NORM", (0.85, 0.95)),
    )
    changes = [{}, *({name: value} for name, several in values for value in several)]
    for change in changes:
        with constants(**change):
            changed = ", ".join(f"{key} {value:g}" for key, value in change.items()) or "as they are"
            click.echo(f"{changed:30} {transferred(sets)}")


if __name__ == "__main__":
    choices()
