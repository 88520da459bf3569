"""Exceptions from the rules of bandit are explained."""

import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LAYERS = ("domain", "application", "adapters", "entrypoints")
TABLE = re.findall(r"^\| (S\d{3}[^|]*) \| ([^|]+) \|", (PROJECT / "SECURITY.md").read_text(), re.MULTILINE)


def exceptions() -> list[tuple[str, str, str]]:
    """File, rules and reason of each line."""
    return sorted(
        (path.relative_to(PROJECT).as_posix(), rules, reason)
        for layer in LAYERS
        for path in (PROJECT / layer).rglob("*.py")
        for rules, reason in re.findall(r"# noqa: ((?:[A-Z]+\d+(?:, )?)+)(.*)", path.read_text())
        if re.search(r"\bS\d{3}", rules)
    )


def test_some_are_found() -> None:
    assert len(exceptions()) > 4


@pytest.mark.parametrize("exception", exceptions(), ids=lambda exception: f"{exception[0]}-{exception[1]}")
def test_each_has_a_reason_and_is_in_the_table(exception: tuple[str, str, str]) -> None:
    file, rules, reason = exception
    assert len(reason.strip(" -()")) > 5, "a reason is missing"
    for rule in re.findall(r"S\d{3}", rules):
        assert [where for what, where in TABLE if rule in what and where.strip("`") in file], rule
