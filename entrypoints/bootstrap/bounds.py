"""Quality bounds as an operator writes them: `off`, `strict,yaw=45` or `sharpness=off,luminance=30`."""

import math

from domain.quality import LENIENT, NO_BOUNDS, STRICT, Measure, QualityBounds

PROFILES = {"off": NO_BOUNDS, "lenient": LENIENT, "strict": STRICT}
"""Sets of bounds to begin with; the default where none is named."""


def parse_bounds(text: str, default: QualityBounds) -> QualityBounds:
    """Parse `profile,measure=bound,measure=off`; later words override earlier ones.

    Raises:
        ValueError: a word is unknown or no number; the message names it.
    """
    bounds = default
    for word in filter(None, map(str.strip, text.split(","))):
        name, _, limit = map(str.strip, word.partition("="))
        if word in PROFILES:
            bounds = PROFILES[word]
        elif name not in set(Measure) or not limit:
            known = ", ".join([*PROFILES, *(f"{measure}=" for measure in Measure)])
            raise ValueError(f"unknown word {word!r}; known: {known}")
        else:
            bounds = bounds.but({Measure(name): None if limit == "off" else _number(limit)})
    return bounds


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"a bound is a number or off, not {text!r}")
    return value
