"""How the commands that measure print figures."""

from collections.abc import Iterable, Sequence

from application.evaluation.metrics.rates import Share

FMR_KEYS = {1e-2: "1e-2", 1e-3: "1e-3", 1e-4: "1e-4"}
"""How false match rates are written."""


def interval(share: Share) -> tuple[float, float]:
    """For JSON."""
    return share.low, share.high


def share_text(share: Share) -> str:
    """A rate and its interval."""
    return f"{share.value:7.2%} [{share.low:.2%}, {share.high:.2%}]"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """Lines of columns as wide as they need to be; numbers are aligned to the right."""
    lines = [[(str(cell), isinstance(cell, int)) for cell in row] for row in (header, *rows)]
    widths = [max(len(text) for text, _ in column) for column in zip(*lines, strict=True)]
    return [
        "  "
        + "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for (text, right), width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    ]
