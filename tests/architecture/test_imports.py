"""Imports point inward; the contracts are in pyproject.toml."""

import ast
import subprocess
import sys
import tomllib
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


def test_the_contracts_cover_every_package() -> None:
    """Where one lists the contents of a package, a new module is listed too, or the linter says so."""
    contracts = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["importlinter"]
    exhaustive = {
        container
        for contract in contracts["contracts"]
        if contract.get("exhaustive")
        for container in contract["containers"]
    }
    assert exhaustive >= {"adapters", "adapters.gallery_index", "entrypoints", "entrypoints.bootstrap"}
    packages = {path.parent.name for path in PROJECT.glob("*/__init__.py")}
    assert set(contracts["root_packages"]) == packages - {
        "static",
        "tests",
    }  # which have no code of the product
