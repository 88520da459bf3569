"""The table of bounds in docs/reliability.md is that of the code."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from entrypoints.bootstrap.settings import PREFIX, Settings

PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "reliability.md").read_text().partition("\n## Bounds\n")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| ([^|]+) \| ([\d,.]+)[^|]* \| `(\w+)` \| `([\w/]+\.py)` \|$", PAGE, re.MULTILINE)
"""What, number, setting or constant, module."""


def test_every_row_of_the_table_is_read() -> None:
    table = [line for line in PAGE.splitlines() if line.startswith("|")]
    heads = [line for line in table if line.startswith(("| **", "|---", "| what is "))]
    assert len(ROWS) == len(table) - len(heads)
    assert len(ROWS) > 40


@pytest.mark.parametrize(("what", "number", "name", "module"), ROWS, ids=[row[2] for row in ROWS])
def test_a_bound_is_the_one_of_the_code(what: str, number: str, name: str, module: str) -> None:
    assert (PROJECT / module).is_file(), what
    if name.startswith(PREFIX):
        value = getattr(Settings(), name.removeprefix(PREFIX).lower())
    else:
        value = getattr(import_module(module.removesuffix(".py").replace("/", ".")), name)
    assert value == float(number.replace(",", "")), what


def test_every_bound_among_the_settings_is_in_the_table() -> None:
    bounds = {
        field
        for field in Settings.__struct_fields__
        if field.startswith("max_") or field.endswith("_timeout_s") or field == "queue"
    }
    assert {PREFIX + field.upper() for field in bounds} <= {name for _, _, name, _ in ROWS}
