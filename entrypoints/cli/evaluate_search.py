"""`face-api evaluate-search`."""

from pathlib import Path

import click

from application.evaluation.search.evaluate import EvaluateSearch, SearchEvaluation
from application.evaluation.search.half_galleries import DRAWS
from entrypoints.cli import group_report
from entrypoints.cli.figures import share_text, table
from entrypoints.cli.measuring import Figures, Measurement, group_options, grouping, measures_sets


@click.command("evaluate-search")
@measures_sets
@group_options
def evaluate_search(run: Measurement, groups: Path | None, labels: tuple[str, ...]) -> Figures:
    """Measure how often people who aren't enrolled are taken for somebody, and compare methods."""
    source, *others = run.sources
    if others:
        raise click.UsageError("one set can be measured at a time: --images FOLDER or --vectors FILE, once")
    evaluation = EvaluateSearch(run.loading, run.container.policy())
    result = evaluation.execute(source, run.progress, grouping(groups, labels))
    return Figures(as_machine(result), as_text(result))


def as_machine(result: SearchEvaluation) -> dict[str, object]:
    """For JSON; shares are 0..1."""
    halves = result.halves
    return {
        "detection_model": result.models.detection,
        "recognition_model": result.models.recognition,
        "photos": result.photos,
        "people": result.people,
        "target_fmr": result.target_fmr,
        "target_fpir": result.target_fpir,
        "galleries": result.galleries,
        "methods": result.methods,
        "half_enrolled": halves
        and {
            "enrolled": halves.enrolled,
            "draws": DRAWS,
            "searches": [group_report.as_machine(rates) for rates in halves.results],
        },
    }


def as_text(result: SearchEvaluation) -> str:
    """Tables for a person."""
    parts = [f"{result.models.detection} + {result.models.recognition}"]
    if result.galleries:
        parts += _galleries(result)
    else:
        parts.append(
            f"{result.photos} photos of {result.people} people: too few for thresholds from other people"
        )
    if result.halves is not None:
        parts += [
            "",
            (
                f"Half of the people ({result.halves.enrolled}) enrolled with one photo each, everybody searched for,"
                f" {DRAWS} draws"
            ),
            *(f"\n{group_report.as_text(rates)}" for rates in result.halves.results),
        ]
    return "\n".join(parts)


def _galleries(result: SearchEvaluation) -> list[str]:
    return [
        f"{result.photos} photos of {result.people} people; thresholds from others than those who are measured",
        "",
        f"Searches for people who aren't enrolled that name somebody; the target is FPIR {result.target_fpir:g}",
        *table(
            ("people", "FPIR [of splits]", f"at the threshold for FMR {result.target_fmr:g}"),
            [
                (
                    size.people,
                    f"{size.fpir:6.2%} [{size.least:.2%}, {size.greatest:.2%}]",
                    f"{size.fixed:.2%}",
                )
                for size in result.galleries
            ],
        ),
        "",
        "Several photos enrolled",
        *table(
            (
                "photos",
                "people",
                "method",
                "rank 1",
                f"TPIR at FPIR {result.target_fpir:g}",
                "FPIR as decided",
                "TPIR as decided",
            ),
            [
                (
                    each.photos,
                    each.people,
                    each.method,
                    *map(share_text, (each.rank1, each.tpir, each.decided_fpir, each.decided_tpir)),
                )
                for each in result.methods
            ],
        ),
    ]
