"""A report as tables: the same on the terminal and in Markdown, ratios first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from tests.benchmarks.growth import tables as growth
from tests.benchmarks.peers import tables as peers
from tests.benchmarks.report import (
    Accuracy,
    Comparison,
    Http,
    ImagePath,
    Memory,
    Report,
    Run,
    Start,
)
from tests.benchmarks.statistics import Spread
from tests.benchmarks.table import Table, spread


def tables(report: Report) -> Iterator[Table]:
    """Of the parts that it has, in short first."""
    if summary := list(_in_short(report)):
        yield Table("In short", ("", ""), summary)
    for part, run in report.runs.items():
        for table in _TABLES[part](getattr(report, part)):
            yield replace(table, note=_note(run))
    yield from _machines(report.runs)


def _in_short(report: Report) -> Iterator[tuple[str, str]]:
    for comparison in report.kernels or ():
        yield from _against_peers(comparison)
    if report.image is not None:
        *compared, sizes = report.image.comparisons
        for comparison in compared:
            yield from _against_peers(comparison)
        small, large = sizes.contestants
        yield f"a photo of {large.name}: times as long as of {small.name}", spread(large.ratio, 2)
    for http in report.http or ():
        yield from _http_in_short(http)
    if report.peers is not None:
        yield from peers.in_short(report.peers)
    yield from growth.in_short(report.search or ())
    for start in report.start or ():
        yield f"start {start.name}: first recognition after", spread(start.answered_s, 1, " s")
    if report.memory is not None:
        first, base, end = report.memory.samples[0], report.memory.base, report.memory.end
        yield f"memory after {first.answered:,} recognitions, database included", f"{first.whole:.0f} MB"
        yield (
            f"memory after {end.answered:,}, since the first {base.answered:,}",
            f"{report.memory.growth:+.1%}",
        )


def _against_peers(comparison: Comparison) -> Iterator[tuple[str, str]]:
    for peer in comparison.contestants[1:]:
        yield f"{comparison.subject}: times as fast as {peer.name}", spread(peer.ratio, 2)


def _http_in_short(found: Http) -> Iterator[tuple[str, str]]:
    ours = found.servers[0]
    of = f"HTTP, photos of {found.size}"
    for level in ours.levels:
        yield f"{of}, {_clients(level.clients)}: of the machine's limit", _percent(level.share)
    for level in ours.levels:
        yield (
            f"{of}, {_clients(level.clients)}: of the processor time an answer, in the stages",
            _percent(level.in_workers),
        )
    for server, times in zip(found.servers, found.times_peer, strict=False):
        name = f", {server.name}" if server is not ours else ""
        for clients, share in times.items():
            yield (
                f"{of}{name}, {_clients(int(clients))}: times the throughput of OpenCV's pipeline",
                spread(share, 2),
            )
    first = ours.levels[0]
    yield (
        f"{of}, {_clients(first.clients)}: p50 above the summed stages",
        spread(first.above_stages, 1, " ms"),
    )


def _clients(count: int) -> str:
    return f"{count} client" if count == 1 else f"{count} clients"


def show(report: Report) -> None:
    """On the terminal."""
    console = Console()
    for table in tables(report):
        shown = RichTable(title=table.title, title_justify="left", caption=table.note, box=box.SIMPLE)
        for number, name in enumerate(table.head):
            shown.add_column(name, justify="right" if number else "left")
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)


def markdown(report: Report) -> str:
    """For a page."""
    return "\n\n".join(map(_markdown, tables(report)))


def _markdown(table: Table) -> str:
    rule = ["---"] + ["---:"] * (len(table.head) - 1)
    rows = [table.head, rule, *table.rows]
    above = [f"**{table.title}**", "", *([table.note, ""] if table.note else [])]
    return "\n".join([*above, *(f"| {' | '.join(row)} |" for row in rows)])


def _percent(value: Spread) -> str:
    return spread(value.times(100), 0, "%")


def _kernels(found: Sequence[Comparison]) -> Iterator[Table]:
    return map(_comparison, found)


def _comparison(found: Comparison) -> Table:
    rows = [
        (one.name, "1" if number == 0 else spread(one.ratio, 2), spread(one.ms, 1))
        for number, one in enumerate(found.contestants)
    ]
    return Table(found.subject, ("", "times as long", "ms"), rows)


def _image(found: ImagePath) -> Iterator[Table]:
    total = found.stages[-1].ms.median
    rows = [(stage.name, f"{stage.ms.median / total:.0%}", spread(stage.ms, 2)) for stage in found.stages]
    yield Table(f"A photo's stages, one thread, {found.photos} photos", ("", "share", "ms a photo"), rows)
    yield from map(_comparison, found.comparisons)


def _http(sizes: Sequence[Http]) -> Iterator[Table]:
    return chain.from_iterable(map(_with_photos, sizes))


def _with_photos(found: Http) -> Iterator[Table]:
    for server, times in zip_longest(found.servers, found.times_peer):
        rows = [
            (
                str(level.clients),
                *((spread(times[str(level.clients)], 2),) if times else ()),
                _percent(level.share),
                spread(level.per_second, 1),
                *(spread(value, 1) for value in (level.p50, level.p99, level.above_stages, level.computed)),
                _percent(level.in_workers),
                str(level.errors),
                f"{level.generator:.1%}",
            )
            for level in server.levels
        ]
        title = (
            f"Recognition over HTTP, photos of {found.size}: {server.name}."
            f" Summed stages {spread(server.stages, 1, ' ms')},"
            f" {spread(server.stages_computed, 1, ' ms')} of processor time;"
            f" limit on {found.cores} cores {spread(server.limit, 1)} a second;"
            f" {found.photos} photos, {found.enrolled} people enrolled"
        )
        peer = ("times OpenCV's",) if times else ()
        head = (
            *("clients", *peer, "of the limit", "a second", "p50 ms", "p99 ms", "p50 above the stages, ms"),
            *("processor ms an answer", "in the stages", "errors", "generator"),
        )
        yield Table(title, head, rows)


def _start(found: Sequence[Start]) -> Iterator[Table]:
    rows = [
        (
            start.name,
            spread(start.answered_s, 2),
            spread(start.ready_s, 2),
            spread(start.processor_s, 2),
        )
        for start in found
    ]
    head = ("start", "first recognition answered, s", "ready, s", "processor time, s")
    yield Table("From the command to the first recognition, empty gallery", head, rows)


def _memory(found: Memory) -> Iterator[Table]:
    quarter = max(1, len(found.samples) // 4)
    shown = dict.fromkeys((found.samples[0], found.base, *found.samples[quarter::quarter], found.end))
    rows = [
        (
            f"{one.answered:,}",
            f"{one.whole:.0f}",
            f"{one.whole / found.base.whole:.3f}",
            f"{one.service:.0f}",
            f"{one.database:.0f}",
        )
        for one in sorted(shown, key=lambda one: one.answered)
    ]
    title = (
        f"Memory over {found.answered:,} recognitions, {found.photos:,} of them of photos,"
        f" {found.errors} errors: {found.growth:+.1%} since the first {found.base.answered:,}"
    )
    head = ("answered", "MB", f"times that after {found.base.answered:,}", "service", "database")
    yield Table(title, head, rows)


def _accuracy(found: Sequence[Accuracy]) -> Iterator[Table]:
    rows = [
        (one.name, f"{one.accuracy:.2%} +- {one.standard_error:.2%}", str(one.photos), str(one.undetected))
        for one in found
    ]
    yield Table("Verification accuracy", ("", "accuracy", "photos", "without a face found"), rows)


def _note(run: Run) -> str:
    machine = run.machine
    version = machine.versions.get("face-api", "")
    return f"{machine.processor}, {machine.cores} cores; {run.made}, version {version}."


def _machines(runs: Mapping[str, Run]) -> Iterator[Table]:
    """A table for all parts that were measured at once."""
    for run in unique(runs.values()):
        parts = ", ".join(part for part, own in runs.items() if own == run)
        machine = run.machine
        rows = [
            ("command", f"`{run.command}`"),
            ("on", run.made),
            ("processor", machine.processor),
            ("cores", str(machine.cores)),
            ("memory", f"{machine.memory_gb:g} GB"),
            ("system", machine.system),
            ("load when it began", f"{machine.load:g}"),
            *machine.versions.items(),
        ]
        yield Table(f"The machine: {parts}", ("", ""), rows)


def unique(runs: Iterable[Run]) -> list[Run]:
    """In their order."""
    found: list[Run] = []
    for run in runs:
        if run not in found:
            found.append(run)
    return found


_TABLES: Mapping[str, Callable[[Any], Iterator[Table]]] = {
    "kernels": _kernels,
    "image": _image,
    "http": _http,
    "peers": peers.tables,
    "search": growth.tables,
    "start": _start,
    "memory": _memory,
    "accuracy": _accuracy,
}
"""By part."""
