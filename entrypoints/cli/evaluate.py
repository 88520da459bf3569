"""`face-api evaluate`."""

from pathlib import Path

import click
import msgspec

from application.evaluation.metrics.rates import Share
from application.evaluation.verification.evaluate import EvaluateVerification
from application.evaluation.verification.pair_accuracy import Evaluation
from entrypoints.cli import plot as plotting
from entrypoints.cli import verification_report
from entrypoints.cli.measuring import (
    DETECTION,
    GROUPS,
    IMAGE_SETS,
    KEYS,
    LABELS,
    RECOGNITION,
    VECTOR_SETS,
    grouping,
    loading,
    measuring,
    sources,
    verification_threshold,
)


@click.command()
@IMAGE_SETS
@VECTOR_SETS
@click.option(
    "--pairs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="pairs to compare, in the format of LFW's pairs.txt; else all photos are compared",
)
@GROUPS
@LABELS
@click.option(
    "--fmr",
    "fmrs",
    type=click.FloatRange(0, 1, min_open=True),
    multiple=True,
    default=(1e-3,),
    show_default=True,
    help="measure all comparisons at the threshold for this false match rate, too",
)
@DETECTION
@RECOGNITION
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="draw DET and ROC curves of pairs to a file",
)
def evaluate(
    images: tuple[Path, ...],
    vectors: tuple[Path, ...],
    pairs: Path | None,
    groups: Path | None,
    labels: tuple[str, ...],
    fmrs: tuple[float, ...],
    detection: str | None,
    recognition: str | None,
    plot: Path | None,
    *,
    as_json: bool,
) -> None:
    """Measure how accurate a pair of models is on labelled photos, and for whom."""
    chosen = sources(images, vectors)
    if plot is not None:
        if pairs is None:
            raise click.UsageError("--plot draws curves of --pairs")
        plotting.check(plot)
    apart = grouping(groups, labels)
    settings, sets = loading()
    try:
        text = None if pairs is None else pairs.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"can't read {pairs}: it must be a text file in UTF-8") from error
    with measuring() as progress:
        report = EvaluateVerification(sets, verification_threshold(settings)).execute(
            chosen,
            progress,
            pairs=text,
            grouping=apart,
            fmrs=fmrs,
            detection_model=detection,
            recognition_model=recognition,
        )
    result = report.pairs
    if plot is not None and result is not None:
        plotting.draw(result, plot)
    if as_json:
        of_pairs = {} if result is None else as_machine(result)
        content = of_pairs | verification_report.as_machine(report)
        click.echo(msgspec.json.format(msgspec.json.encode(content)).decode())
        return
    parts = [] if result is None else [as_text(result)]
    parts += [verification_report.as_text(report)] if report.rates else []
    click.echo("\n\n".join(parts))


def as_machine(result: Evaluation) -> dict[str, object]:
    """What JSON is made of; shares are 0..1, thresholds cosine similarities."""
    points, found = result.results, result.identification
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
        "tar_at_fmr": {KEYS[point.fmr]: point.tar.value for point in points},
        "tar_interval": {KEYS[point.fmr]: (point.tar.low, point.tar.high) for point in points},
        "thresholds": {KEYS[point.fmr]: point.threshold for point in points},
        "all_pairs": {
            "impostor_pairs": result.all_impostor_pairs,
            "thresholds": {KEYS[point.fmr]: point.all_pairs_threshold for point in points},
            "tar_at_fmr": {KEYS[point.fmr]: point.all_pairs_tar.value for point in points},
            "tar_interval": {
                KEYS[point.fmr]: (point.all_pairs_tar.low, point.all_pairs_tar.high) for point in points
            },
            "confusable_fmr": {KEYS[point.fmr]: point.confusable_fmr for point in points},
            "lookalike_fmr": {KEYS[point.fmr]: point.lookalike_fmr for point in points},
        },
        "gallery": found and found.gallery,
        "strangers": found and found.strangers,
        "rank1": found and found.rank1.value,
        "rank1_interval": found and (found.rank1.low, found.rank1.high),
        "fpir": found and found.fpir,
        "identification_threshold": found and found.threshold,
        "tpir_at_fpir": found and found.tpir and found.tpir.value,
        "tpir_interval": found and found.tpir and (found.tpir.low, found.tpir.high),
    }


def as_text(result: Evaluation) -> str:
    """A table for a person."""
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
        "  FMR   threshold  TAR",
        *(f"  {KEYS[point.fmr]}  {point.threshold:9.4f}  {_share(point.tar)}" for point in result.results),
        "",
        f"The same at thresholds from all {result.all_impostor_pairs:,} pairs of different people",
        "  FMR   threshold  TAR                         FMR of the most confusable tenth, among themselves",
        *(
            f"  {KEYS[point.fmr]}  {point.all_pairs_threshold:9.4f}  {_share(point.all_pairs_tar)}"
            f"  {point.confusable_fmr:.1e}  {point.lookalike_fmr:.1e}"
            for point in result.results
        ),
    ]
    if found is not None:
        lines += [
            "",
            f"Identification, one photo enrolled for each of {found.gallery} people",
            f"  rank 1            {_share(found.rank1)}",
        ]
    if found is not None and found.tpir is not None:
        lines.append(
            f"  TPIR at FPIR {found.fpir:.0%}   {_share(found.tpir)}"
            f" at threshold {found.threshold:.4f}, {found.strangers} strangers"
        )
    return "\n".join(lines)


def _share(share: Share) -> str:
    return f"{share.value:7.2%} [{share.low:.2%}, {share.high:.2%}]"
