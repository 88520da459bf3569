"""A report's charts, drawn with matplotlib."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.report import Comparison, Http, ImagePath, Memory, Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OURS, _OTHERS, _THEIRS, _LIMIT = "#2a6f97", "#89c2d9", "#b0b7bf", "#c1121f"


def pictures(report: Report) -> list[tuple[str, str]]:
    """File names of the charts that a report has, and what they show."""
    return [
        (f"{name}.svg", title)
        for name, (title, part, _) in _CHARTS.items()
        if getattr(report, part) is not None
    ]


def draw(report: Report, folder: Path) -> None:
    """Draw them into a folder."""
    from matplotlib import rc_context  # noqa: PLC0415 (it takes a second, and most have no charts)
    from matplotlib.figure import Figure  # noqa: PLC0415

    folder.mkdir(exist_ok=True)
    for name, _ in pictures(report):
        title, part, chart = _CHARTS[Path(name).stem]
        figure = Figure(figsize=(8, 3.2), layout="constrained")
        axes = figure.subplots()
        axes.set_title(title, loc="left", fontsize=11)
        axes.spines[["top", "right"]].set_visible(False)
        chart(axes, getattr(report, part))
        # The same figures make the same file; and text is text, which is small and can be searched.
        with rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
            figure.savefig(folder / name, metadata={"Date": None})


def _kernels(axes: "Axes", found: Sequence[Comparison]) -> None:
    names = [
        (f"{comparison.subject}: {one.name}", one.ratio, number == 0)
        for comparison in found
        for number, one in enumerate(comparison.contestants)
    ]
    _bars(axes, names)


def _whole(axes: "Axes", found: ImagePath) -> None:
    _kernels(axes, found.comparisons[:-1])  # the last is of sizes, not of peers


def _bars(axes: "Axes", bars: Sequence[tuple[str, "object", bool]]) -> None:
    for place, (_, value, ours) in enumerate(bars):
        median, low, high = (getattr(value, name) for name in ("median", "low", "high"))
        error = [[median - low], [high - median]]
        axes.barh(place, median, color=_OURS if ours else _THEIRS, xerr=None if ours else error)
        axes.annotate(
            f"{median:.2f}", (high, place), (4, 0), textcoords="offset points", va="center", fontsize=8
        )
    if figure := axes.get_figure(root=True):
        figure.set_figheight(1 + len(bars) / 4)
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("times as long as face-api")


def _throughput(axes: "Axes", found: Sequence[Http]) -> None:
    first = found[0]
    colours = [_OURS, *[_OTHERS] * (len(first.servers) - 2), _THEIRS]
    ticks = [f"{level.clients}\n{http.size}" for http in found for level in http.servers[0].levels]
    places = range(len(ticks))
    width = 0.76 / len(first.servers)
    for number, server in enumerate(first.servers):
        rates = [level.per_second for http in found for level in http.servers[number].levels]
        axes.bar(
            [place + (number - (len(first.servers) - 1) / 2) * width for place in places],
            [rate.median for rate in rates],
            width,
            yerr=[[r.median - r.low for r in rates], [r.high - r.median for r in rates]],
            color=colours[number],
            label=server.name,
        )
    limits = [http.servers[0].limit.median for http in found for _ in http.servers[0].levels]
    left, right = ([place + side for place in places] for side in (-0.45, 0.45))
    label = f"face-api's limit on {first.cores} cores"
    axes.hlines(limits, left, right, color=_LIMIT, linestyle="--", label=label)
    axes.set_xticks(places, ticks, fontsize=8)
    axes.set(xlabel="clients, photos", ylabel="recognitions a second")
    if figure := axes.get_figure(root=True):
        figure.legend(fontsize=8, loc="outside lower center", ncols=4, frameon=False)


def _held(axes: "Axes", found: Memory) -> None:
    axes.plot([one.answered for one in found.samples], [one.whole for one in found.samples], color=_OURS)
    axes.axhline(found.base.whole * 1.05, color=_LIMIT, linestyle="--", label="5% over the first thousands")
    axes.set(xlabel="recognitions answered", ylabel="MB, database included")
    axes.set_ylim(0)
    axes.legend(fontsize=8, loc="lower right")


_CHARTS: Mapping[str, tuple[str, str, Callable[..., None]]] = {
    "kernels": ("The networks, one thread", "kernels", _kernels),
    "image": ("From a photo to an embedding, one thread", "image", _whole),
    "http": ("Recognition over HTTP", "http", _throughput),
    "memory": ("Memory", "memory", _held),
}
"""By file: the title, the report's part, and what draws it."""
