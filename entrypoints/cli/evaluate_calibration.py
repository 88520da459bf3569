"""`face-api evaluate-calibration`."""

import click

from application.evaluation.calibration.transfer import EvaluateTransfer, TransferEvaluation
from domain.quality import LENIENT, Measure
from entrypoints.cli.figures import table
from entrypoints.cli.measuring import Figures, Measurement, measures_sets


@click.command("evaluate-calibration")
@measures_sets
@click.option(
    "--least-norm",
    type=click.FloatRange(0, 2),
    default=LENIENT.limits[Measure.EMBEDDING_NORM],
    show_default=True,
    help="leave out photos with a lower embedding norm, relative to what is usual for the model",
)
def evaluate_calibration(run: Measurement, least_norm: float) -> Figures:
    """Measure whether thresholds hold for people who are unlike those that they were made of.

    Each set is left out in turn: the others make the table, and half of its own people are enrolled.
    """
    evaluation = EvaluateTransfer(run.loading, run.container.policy())
    found = evaluation.execute(run.sources, run.progress, least_norm)
    return Figures(found, _as_text(found))


def _as_text(found: TransferEvaluation) -> str:
    lines = [
        (
            f"{found.models.detection} + {found.models.recognition}:"
            f" promised are FMR {found.target_fmr:g} and FPIR {found.target_fpir:g}"
        ),
        f"TAR at one threshold for all sets ({found.pooled_threshold:.4f}, FMR 1e-3): {found.pooled_tar:.2%}",
    ]
    for each in found.sets:
        lines += [
            "",
            (
                f"{each.name}: {each.people} people, {each.photos} photos, {each.enrolled} enrolled;"
                f" TAR at its own FMR 1e-3 {each.tar:.1%}, at the threshold for all {each.pooled_tar:.1%}"
            ),
            *table(
                ("thresholds", "FMR by the promise", "FNMR", "FPIR", "TPIR", "median threshold"),
                [
                    (
                        mode.value,
                        f"{rates.fmr / found.target_fmr:.1f}",
                        f"{rates.fnmr:.1%}",
                        f"{rates.fpir:.2%}",
                        f"{rates.tpir:.1%}",
                        f"{rates.threshold:.3f}",
                    )
                    for mode, rates in each.rates.items()
                ],
            ),
        ]
    return "\n".join(lines)
