"""Tables of what searches by estimates decide."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from application.analysis.embedding import Fidelity
from tests.accuracy.estimates.galleries import Outcome, Search
from tests.accuracy.estimates.photos import PhotoSet

ESTIMATES = (Fidelity.COARSE, Fidelity.ONE_VIEW, Fidelity.BOTH_VIEWS)
SPARE = 1.2
"""By what factor errors that are allowed for should be larger than what has been needed."""

Searches = Mapping[tuple[str, int], Sequence[Search]]
"""By set and people enrolled."""


def needed(searches: Iterable[Search]) -> dict[Fidelity, float]:
    """The share of the error that is allowed for with which every decision is that of the embedding."""
    most = dict.fromkeys(ESTIMATES, 0.0)
    for search in searches:
        for each in search.estimates:
            if each.outcome != search.exact:
                most[each.fidelity] = max(most[each.fidelity], each.doubtful_from)
    return most


def largest_errors(searches: Iterable[Search]) -> dict[Fidelity, float]:
    """The largest errors of distances from thresholds, by the error that is allowed for."""
    most = dict.fromkeys(ESTIMATES, 0.0)
    for search in searches:
        for each in search.estimates:
            most[each.fidelity] = max(most[each.fidelity], each.error)
    return most


def expected(searches: Sequence[Search]) -> float:
    """The share of searches that would be decided otherwise if errors didn't depend on distances from thresholds.

    Few errors are larger than is allowed for, and few distances are as small as these: whether both meet is chance.
    Half of the errors are away from the threshold.
    """
    errors: defaultdict[Fidelity, list[float]] = defaultdict(list)
    distances: defaultdict[Fidelity, list[float]] = defaultdict(list)
    for search in searches:
        for each in search.estimates:
            errors[each.fidelity].append(each.error)
        if (steps := search.steps()) < len(search.estimates):
            decisive = search.estimates[steps]
            distances[decisive.fidelity].append(decisive.doubtful_from)
    reached = 0.0
    for fidelity, found in distances.items():
        ordered = np.sort(errors[fidelity])
        beyond = len(ordered) - np.searchsorted(ordered, found, side="right")
        reached += float(beyond.sum()) / len(ordered) / 2
    return reached / len(searches)


def report(searches: Searches) -> Iterator[str]:
    """How each set does."""
    yield (
        "\n| set, people enrolled | searches: mated, others | other decisions | expected | would do | largest error"
        " | beyond what is allowed for |"
    )
    yield "|---|---|---|---|---|---|---|"
    for (name, size), found in searches.items():
        yield f"| {name}, {size} | {_errors(found)} |"
    yield "\n| set, people enrolled | coarse; one view; both views; embedding | ms |\n|---|---|---|"
    for (name, size), found in searches.items():
        yield f"| {name}, {size} | {_rungs(found)} |"
    yield "\n| set, people enrolled | TPIR by embeddings, by estimates | FPIR |\n|---|---|---|"
    for (name, size), found in searches.items():
        yield f"| {name}, {size} | {_rates(found)} |"


def by_kind(searches: Searches) -> dict[str, list[Search]]:
    """All searches by the kind of photo."""
    kinds: defaultdict[str, list[Search]] = defaultdict(list)
    for found in searches.values():
        for search in found:
            kinds[search.kind].append(search)
    return dict(kinds)


def by_people(searches: Searches, sets: Sequence[PhotoSet]) -> dict[str, list[Search]]:
    """All searches by the first set that has any of the same people."""
    first = {
        photos.name: next(each.name for each in sets if each.enrolled.keys() & photos.enrolled.keys())
        for photos in sets
    }
    groups: defaultdict[str, list[Search]] = defaultdict(list)
    for (name, _), found in searches.items():
        groups[first[name]] += found
    return dict(groups)


def left_out(groups: Mapping[str, Sequence[Search]]) -> Iterator[str]:
    """How each group does with what the others would have needed, without and with something to spare."""
    yield (
        "\n| left out | searches | would do | for the others | other decisions with that, a fifth more | now"
        " | largest error |"
    )
    yield "|---|---|---|---|---|---|---|"
    own = {name: needed(searches) for name, searches in groups.items()}
    for name, searches in groups.items():
        others = {
            fidelity: max((own[each][fidelity] for each in groups if each != name), default=0.0)
            for fidelity in ESTIMATES
        }
        spared = {fidelity: SPARE * share for fidelity, share in others.items()}
        missed = ", ".join(str(sum(each.other(scales) for each in searches)) for scales in (others, spared))
        now = sum(each.other() for each in searches)
        yield (
            f"| {name} | {len(searches)} | {_row(own[name])} | {_row(others)} | {missed} | {now} |"
            f" {_row(largest_errors(searches))} |"
        )


def photo_counts(sets: Sequence[PhotoSet]) -> Iterator[str]:
    """The photos of each set, and what they are begun with."""
    for photos in sets:
        begun = Counter(probe.steps.begun for probe in photos.probes)
        shares = ", ".join(f"{each} {count / len(photos.probes):.1%}" for each, count in begun.most_common())
        yield (
            f"{photos.name}: {len(photos.probes)} photos, {photos.refused.total()} refused,"
            f" {len(photos.enrolled)} people; {shares}"
        )


def _row(shares: Mapping[Fidelity, float]) -> str:
    return ", ".join(f"{share:.2f}" for share in shares.values())


def _errors(searches: Sequence[Search]) -> str:
    mated = [each for each in searches if each.mated]
    others = [each for each in searches if not each.mated]
    wrong = ", ".join(str(sum(each.other() for each in some)) for some in (mated, others))
    errors = f"{_row(needed(searches))} | {_row(largest_errors(searches))}"
    taken = [each for search in searches for each in search.estimates]
    beyond = ", ".join(
        _share([each.error > 1 for each in taken if each.fidelity is fidelity]) for fidelity in ESTIMATES
    )
    return f"{len(mated)}, {len(others)} | {wrong} | {expected(searches):.1e} | {errors} | {beyond}"


def _rungs(searches: Sequence[Search]) -> str:
    taken = [(each, each.steps()) for each in searches]
    decided = Counter((*(e.fidelity for e in each.estimates), Fidelity.EXACT)[steps] for each, steps in taken)
    spent = sum(sum(each.ms[: steps + 1]) for each, steps in taken) / len(searches)
    return "; ".join(f"{decided[each] / len(searches):.1%}" for each in Fidelity) + f" | {spent:.1f}"


def _rates(searches: Sequence[Search]) -> str:
    mated = [each for each in searches if each.mated]
    others = [each for each in searches if not each.mated]
    tpir = [_share([outcome(each).person == each.person for each in mated]) for outcome in _WAYS]
    fpir = [_share([outcome(each).person is not None for each in others]) for outcome in _WAYS]
    return f"{', '.join(tpir)} | {', '.join(fpir)}"


_WAYS: tuple[Callable[[Search], Outcome], ...] = (lambda each: each.exact, Search.outcome)


def _share(true: Sequence[bool]) -> str:
    return f"{sum(true) / len(true):.2%}" if true else "none"
