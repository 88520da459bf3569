"""`python -m tests.benchmarks`: how fast the service is, beside the limit and others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec

from entrypoints.cli.measuring import configured
from tests.benchmarks import (
    accuracy,
    image,
    kernels,
    memory,
    over_http,
    search,
    start,
    tables,
)
from tests.benchmarks.machine import this_machine
from tests.benchmarks.page import check_page, write_page
from tests.benchmarks.peers import measure as peers
from tests.benchmarks.peers.environments import default_folder
from tests.benchmarks.photos import find_people
from tests.benchmarks.report import Report, Run
from tests.benchmarks.rig import BRIEF, QUICK, THOROUGH, Effort, Rig

PARTS: Mapping[str, Callable[[Rig], Any]] = {
    "kernels": kernels.measure,
    "image": image.measure,
    "http": over_http.measure,
    "peers": peers.measure,
    "search": search.measure,
    "start": start.measure,
    "memory": memory.measure,
    "accuracy": accuracy.measure,
}
USUAL = ("kernels", "image", "http", "start")
"""Those that run unless others are named; search and memory take minutes, peers installs gigabytes once, and
accuracy needs labelled pairs."""

_FILE = click.Path(dir_okay=False, path_type=Path)
_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("parts", nargs=-1, type=click.Choice([*PARTS]))
@click.option(
    "--images",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="folder with one folder a person, or with photos of one person each",
)
@click.option("--pairs", type=_EXISTING, help="for accuracy: pairs in the format of LFW's pairs.txt")
@click.option("--quick", is_flag=True, help="end in about a minute; figures are rough")
@click.option("--brief", is_flag=True, help="a fifth of the work: some 20 minutes for all parts")
@click.option("--rounds", type=click.IntRange(1, 100), help="in which all that is compared takes its turn")
@click.option("--seconds", type=click.FloatRange(0.1, 60), help="for http: of load, each time")
@click.option(
    "--recognitions", type=click.IntRange(1, 1_000_000), help="for memory: how many  [default: 20,000]"
)
@click.option("--hnsw", is_flag=True, help="for search: pgvector's graph too, 10 minutes for a million faces")
@click.option(
    "--environments",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_folder,
    help="for peers: folder of their installations, which are kept  [default: in the user's cache]",
)
@click.option("--json", "target", type=_FILE, help="write all figures to a file")
@click.option(
    "--from",
    "source",
    type=_EXISTING,
    help="take the figures of such a file: all, or those of the parts that aren't named",
)
@click.option(
    "--page", type=_EXISTING, help="write the figures into this Markdown page, and charts beside it"
)
def bench(
    parts: Sequence[str],
    images: Path | None,
    pairs: Path | None,
    rounds: int | None,
    seconds: float | None,
    recognitions: int | None,
    target: Path | None,
    source: Path | None,
    page: Path | None,
    *,
    environments: Path,
    quick: bool,
    brief: bool,
    hnsw: bool,
) -> None:
    """Measure how fast the service is, beside the machine's limit and what others do with the same weights.

    Of PARTS all but search, peers, memory and accuracy, unless some are named.
    """
    if page is not None:
        check_page(page)
    report = _read(source) if source is not None else Report(runs={})
    if parts or source is None:
        usual = QUICK if quick else BRIEF if brief else THOROUGH
        effort = replace(
            usual,
            graph=hnsw,
            rounds=rounds or usual.rounds,
            seconds=seconds or usual.seconds,
            recognitions=recognitions or usual.recognitions,
        )
        rig = rig_of(images, pairs, effort, environments)
        named = parts or USUAL
        run = Run(made=f"{datetime.now(UTC):%Y-%m-%d}", command=_command(named), machine=this_machine())
        for name in filter(named.__contains__, PARTS):
            rig.tell(f"{name} ...")
            report = _with(report, name, PARTS[name](rig), run)
            _write(target, report)  # what is measured isn't lost when a later part fails
    _write(target, report)
    if page is not None:
        write_page(page, report)
    tables.show(report)


def rig_of(images: Path | None, pairs: Path | None, effort: Effort, environments: Path | None = None) -> Rig:
    """The service's own pipeline, and people whose photos show a face."""
    container = configured()
    rig = Rig(
        settings=container.settings(),
        container=container,
        people=find_people(images, effort.people),
        pairs=pairs,
        images=images,
        environments=environments or default_folder(),
        effort=effort,
        tell=lambda text: click.echo(text, err=True),
    )
    people = [person for person in rig.people if rig.sees(person)]
    if not people:
        raise click.ClickException(f"no face was found in the {len(rig.people)} photos")
    return replace(rig, people=people)


def _with(report: Report, part: str, found: Any, run: Run) -> Report:
    """What is known, and a part anew."""
    runs = {**report.runs, part: run}
    in_order = {name: runs[name] for name in PARTS if name in runs}
    return replace(report, runs=in_order, **{part: found})


def _write(target: Path | None, report: Report) -> None:
    if target is not None:
        target.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")


def _command(parts: Sequence[str]) -> str:
    """As it was typed, without paths."""
    typed = click.get_current_context().params
    said = [f"--{name}" for name in ("quick", "brief", "hnsw") if typed[name]]
    for name in ("rounds", "seconds", "recognitions"):
        if typed[name] is not None:
            said += [f"--{name}", f"{typed[name]:g}" if name == "seconds" else str(typed[name])]
    return " ".join(["python -m tests.benchmarks", *parts, *said])


def _read(source: Path) -> Report:
    try:
        return msgspec.json.decode(source.read_bytes(), type=Report)
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{source} is not what --json writes: {error}") from error
