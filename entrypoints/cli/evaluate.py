"""`face-api evaluate`."""

from pathlib import Path

import click

from application.evaluation.verification.evaluate import EvaluateVerification, VerificationEvaluation
from application.evaluation.verification.pair_accuracy import PairAccuracy
from entrypoints.cli import group_report
from entrypoints.cli import plot as plotting
from entrypoints.cli.bulk import FILE, OUTPUT
from entrypoints.cli.figures import FMR_KEYS, interval, share_text, table
from entrypoints.cli.measuring import (
    Figures,
    Measurement,
    group_options,
    grouping,
    measures_sets,
    read_text,
)


@click.command()
@measures_sets
@click.option(
    "--pairs",
    type=FILE,
    help="pairs to compare, in the format of LFW's pairs.txt; else all photos are compared",
)
@group_options
@click.option(
    "--fmr",
    "fmrs",
    type=click.FloatRange(0, 1, min_open=True),
    multiple=True,
    default=(1e-3,),
    show_default=True,
    help="measure all comparisons at the threshold for this false match rate, too",
)
@click.option("--plot", type=OUTPUT, help="draw DET and ROC curves of pairs to a file")
def evaluate(
    run: Measurement,
    pairs: Path | None,
    groups: Path | None,
    labels: tuple[str, ...],
    fmrs: tuple[float, ...],
    plot: Path | None,
) -> Figures:
    """Measure how accurate a pair of models is on labelled photos, and for whom."""
    if plot is not None:
        if pairs is None:
            raise click.UsageError("--plot draws curves of --pairs")
        plotting.check(plot)
    result = EvaluateVerification(run.loading, run.container.policy()).execute(
        run.sources,
        run.progress,
        pairs=None if pairs is None else read_text(pairs),
        grouping=grouping(groups, labels),
        fmrs=fmrs,
    )
    if plot is not None and result.pairs is not None:
        plotting.draw(result.pairs, plot)
    machine = _machine(result) if result.pairs is None else pairs_machine(result.pairs) | _machine(result)
    parts = [] if result.pairs is None else [pairs_text(result.pairs)]
    parts += ["\n".join(_sets(result))] if result.rates else []
    return Figures(machine, "\n\n".join([*parts, *map(group_report.as_text, result.rates)]))


def _machine(result: VerificationEvaluation) -> dict[str, object]:
    return {
        "detection_model": result.models.detection,
        "recognition_model": result.models.recognition,
        "sets": [
            {
                "name": one.name,
                "people": len(set(one.names)),
                "photos": len(one.photos),
                "undetected": len(one.undetected),
                "undetected_photos": one.undetected,
            }
            for one in result.sets
        ],
        "comparisons": [group_report.as_machine(rates) for rates in result.rates],
    }


def _sets(result: VerificationEvaluation) -> list[str]:
    return [
        f"{result.models.detection} + {result.models.recognition}",
        *(
            f"{one.name}: {len(one.photos)} photos of {len(set(one.names))} people,"
            f" no face found in {len(one.undetected)}"
            for one in result.sets
        ),
    ]


def pairs_machine(result: PairAccuracy) -> dict[str, object]:
    """For JSON; shares are 0..1, thresholds cosine similarities."""
    points, found = {FMR_KEYS[point.fmr]: point for point in result.results}, result.identification
    return {
        "detection_model": result.models.detection,
        "recognition_model": result.models.recognition,
        "photos": result.photos,
        "people": result.people,
        "undetected": len(result.undetected),
        "undetected_in_pairs": result.undetected_in_pairs,
        "undetected_photos": result.undetected,
        "genuine_pairs": result.genuine_pairs,
        "impostor_pairs": result.impostor_pairs,
        "accuracy": result.accuracy.mean,
        "accuracy_deviation": result.accuracy.deviation,
        "accuracy_standard_error": result.accuracy.standard_error,
        "accuracy_by_fold": result.accuracy.folds,
        "equal_error_rate": result.curve.equal_error_rate,
        "tar_at_fmr": {key: point.tar.value for key, point in points.items()},
        "tar_interval": {key: interval(point.tar) for key, point in points.items()},
        "thresholds": {key: point.threshold for key, point in points.items()},
        "all_pairs": {
            "impostor_pairs": result.all_impostor_pairs,
            "thresholds": {key: point.all_pairs_threshold for key, point in points.items()},
            "tar_at_fmr": {key: point.all_pairs_tar.value for key, point in points.items()},
            "tar_interval": {key: interval(point.all_pairs_tar) for key, point in points.items()},
            "confusable_fmr": {key: point.confusable_fmr for key, point in points.items()},
            "lookalike_fmr": {key: point.lookalike_fmr for key, point in points.items()},
        },
        "gallery": found and found.gallery,
        "strangers": found and found.non_mated,
        "rank1": found and found.rank1.value,
        "rank1_interval": found and interval(found.rank1),
        "fpir": found and found.fpir,
        "identification_threshold": found and found.threshold,
        "tpir_at_fpir": found and found.tpir and found.tpir.value,
        "tpir_interval": found and found.tpir and interval(found.tpir),
    }


def pairs_text(result: PairAccuracy) -> str:
    """Tables for a person."""
    accuracy, found = result.accuracy, result.identification
    lines = [
        f"{result.models.detection} + {result.models.recognition}",
        f"{result.photos} photos of {result.people} people",
        f"no face found in {len(result.undetected)} photos, {result.undetected_in_pairs} of them in pairs",
        "",
        f"Verification, {result.genuine_pairs} genuine and {result.impostor_pairs} impostor pairs",
        f"  accuracy          {accuracy.mean:7.2%} +- {accuracy.standard_error:.2%} (standard error)",
        f"  deviation         {accuracy.deviation:7.2%} over {len(accuracy.folds)} folds",
        f"  equal error rate  {result.curve.equal_error_rate:7.2%}",
        *table(
            ("FMR", "threshold", "TAR"),
            [
                (FMR_KEYS[point.fmr], f"{point.threshold:.4f}", share_text(point.tar))
                for point in result.results
            ],
        ),
        "",
        f"The same at thresholds from all {result.all_impostor_pairs:,} pairs of different people",
        *table(
            ("FMR", "threshold", "TAR", "FMR of the most confusable tenth", "among themselves"),
            [
                (
                    FMR_KEYS[point.fmr],
                    f"{point.all_pairs_threshold:.4f}",
                    share_text(point.all_pairs_tar),
                    f"{point.confusable_fmr:.1e}",
                    f"{point.lookalike_fmr:.1e}",
                )
                for point in result.results
            ],
        ),
    ]
    if found is not None:
        lines += [
            "",
            f"Identification, one photo enrolled for each of {found.gallery} people",
            f"  rank 1            {share_text(found.rank1)}",
        ]
    if found is not None and found.tpir is not None:
        lines.append(
            f"  TPIR at FPIR {found.fpir:.0%}   {share_text(found.tpir)}"
            f" at threshold {found.threshold:.4f}, {found.non_mated} non-mated probes"
        )
    return "\n".join(lines)
