"""Installed Python distributions: which ones a distribution needs, and under which licences they are."""

from collections import deque
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_SPDX = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
"""SPDX identifiers of licences by the other names that distributions give them."""

_MAX_FIELD = 60
"""Characters of the field License; some have the licence's whole text there."""


@dataclass(frozen=True, slots=True)
class InstalledDistribution:
    """A distribution that another one needs."""

    name: str
    """Normalised: lower case, with hyphens."""
    version: str | None
    """None if it is needed and not installed."""
    licence: str | None
    """An SPDX expression where its metadata have one or an equivalent, else their words; None if they say nothing."""


def runtime_dependencies(root: str) -> list[InstalledDistribution]:
    """What a distribution needs on this platform, directly and indirectly, without its optional extras, by name.

    Raises:
        PackageNotFoundError: the distribution itself is not installed.
    """
    needed = deque(_requirements(distribution(root), frozenset()))
    seen: set[tuple[str, frozenset[str]]] = set()
    found: dict[str, InstalledDistribution] = {}
    while needed:
        name, extras = needed.popleft()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            package = distribution(name)
        except PackageNotFoundError:
            found[name] = InstalledDistribution(name, None, None)
            continue
        found[name] = InstalledDistribution(name, package.version, licence_of(package))
        needed.extend(_requirements(package, extras))
    return [found[name] for name in sorted(found)]


def licence_of(package: Distribution) -> str | None:
    """The licence that a distribution's metadata name.

    License-Expression (PEP 639) before License, as long as that is a name and not a text, before the classifiers.
    """
    metadata = package.metadata
    if expressions := metadata.get_all("License-Expression"):
        return str(expressions[0])
    first_line = str((metadata.get_all("License") or [""])[0]).strip().partition("\n")[0].strip()
    named = "" if first_line.startswith("Copyright") or len(first_line) > _MAX_FIELD else first_line
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in metadata.get_all("Classifier") or []
        if text.startswith("License :: ")
    ]
    names = [named] if named and named.upper() != "UNKNOWN" else classifiers
    return ", ".join(_SPDX.get(name, name) for name in names) or None


def _requirements(package: Distribution, extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    requirements = map(Requirement, package.requires or [])
    return [
        (canonicalize_name(each.name), frozenset(each.extras))
        for each in requirements
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in {"", *extras})
    ]
