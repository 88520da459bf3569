"""Names of the product's code are words of the field: docs/glossary.md has them, and these are in no standard."""

import ast
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PRIVATE = {
    *("aliveness", "census", "elastic", "lanes", "look", "moment", "moving", "once", "resident", "rhythm"),
    *("room", "see", "shelf", "siblings", "sight", "stranger", "strength", "tail", "tend", "watched"),
}
"""In any case, and with underscores before them."""
PRIVATE_AS_WRITTEN = {"CAUTION", "Doubtful", "POOL", "Which"}
"""Words that have a plain meaning in lower case."""


def defined(source: str) -> Iterator[str]:
    """Names of classes, functions, parameters, variables and attributes."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def private(names: Iterator[str]) -> set[str]:
    return {name for name in names if name.strip("_").lower() in PRIVATE or name in PRIVATE_AS_WRITTEN}


def test_code_has_no_private_words() -> None:
    paths = [
        path
        for layer in ("domain", "application", "adapters", "entrypoints")
        for path in (PROJECT / layer).rglob("*.py")
    ]
    assert len(paths) > 300
    found = {path.relative_to(PROJECT): private(defined(path.read_text())) for path in paths}
    assert {str(path): names for path, names in found.items() if names} == {}
    assert (
        private(part for path in paths for part in path.relative_to(PROJECT).with_suffix("").parts) == set()
    )


def test_one_is_noticed_wherever_it_is_defined() -> None:
    source = """
class Which:
    def _look(self, shelf):
        self.tail = once = shelf
for moment in room:
    which = 1
"""
    assert private(defined(source)) == {"Which", "_look", "shelf", "tail", "once", "moment"}
