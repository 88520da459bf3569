"""Imports point inward; the contracts are in pyproject.toml."""

import ast
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")


def test_imports_point_inward() -> None:
    # A program of its own: called here, it would switch off all loggers for the tests that come after.
    result = subprocess.run([LINTER, "--no-cache"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_domain_and_application_import_the_standard_library_and_numpy_alone() -> None:
    allowed = {*sys.stdlib_module_names, "numpy", "domain", "application"}
    found = {
        (path.name, name)
        for layer in ("domain", "application")
        for path in (PROJECT / layer).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _roots(node)
        if name not in allowed
    }
    assert not found


def _roots(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name.split(".")[0] for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module.split(".")[0]]
        case _:
            return []
