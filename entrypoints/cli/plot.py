"""Curves of an evaluation, drawn with matplotlib, which the extra `plot` installs."""

from importlib.util import find_spec
from pathlib import Path

import click

from application.evaluation.verification.pair_accuracy import PairAccuracy
from entrypoints.cli.measuring import write

FORMATS = frozenset({".pdf", ".png", ".svg"})


def check(target: Path) -> None:
    """Find out before the work whether a plot can be drawn.

    Raises:
        click.ClickException: it can't.
    """
    if find_spec("matplotlib") is None:
        raise click.ClickException("--plot needs matplotlib: pip install 'face-api[plot]'")
    if target.suffix.lower() not in FORMATS:
        raise click.ClickException(f"--plot draws {', '.join(sorted(FORMATS))} files, not {target.name}")
    if not target.absolute().parent.is_dir():
        raise click.ClickException(f"--plot: there is no folder {target.parent}")


def draw(result: PairAccuracy, target: Path) -> None:
    """Draw the DET curve (false non-match rate over false match rate, both logarithmic) and the ROC curve.

    Raises:
        click.ClickException: the file can't be written.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - an optional extra

    curve = result.curve
    figure = Figure(figsize=(11, 5), layout="constrained")
    figure.suptitle(f"{result.models.detection} + {result.models.recognition}")
    det, roc = figure.subplots(1, 2)
    det.step(curve.fmr, 1 - curve.tar, where="post")
    det.set(title="DET", xlabel="false match rate", ylabel="false non-match rate", xscale="log", yscale="log")
    det.axline((1e-3, 1e-3), (1e-2, 1e-2), linestyle=":", color="grey")
    roc.step(curve.fmr, curve.tar, where="post")
    roc.set(title="ROC", xlabel="false match rate", ylabel="true accept rate", xscale="log")
    least = 0.5 / result.impostor_pairs
    det.set_ylim(bottom=0.5 / result.genuine_pairs)
    roc.set_ylim(min(0.99, max(0, 2 * curve.tar[curve.fmr <= least].max() - 1)), 1)
    for axes in (det, roc):
        axes.set_xlim(least, 1)
        axes.grid(which="both", alpha=0.3)
    write(target, lambda path: figure.savefig(path, dpi=120))
