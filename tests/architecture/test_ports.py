"""Adapters derive from the ports that they implement, and nothing but adapters implements one."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).parents[2]
COMPOSED = {"LocalExtractor"}
"""The pipeline of the other ports in this process; that of another process is an adapter."""
INWARD = {"PhotoLimit"}
"""What a port's value object needs of the application, which imports ports."""


@dataclass(frozen=True)
class Class:
    """What its source says."""

    place: str
    """Its file, in the project."""
    name: str
    bases: tuple[str, ...]
    methods: Mapping[str, tuple[str, ...]]
    """Those of its own that others may call, and their parameters."""


def classes(tree: ast.AST, place: str) -> Iterator[Class]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = [ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases]
            methods = {
                each.name: tuple(arg.arg for arg in (*each.args.args, *each.args.kwonlyargs))
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) and not each.name.startswith("_")
            }
            yield Class(place, node.name, tuple(bases), methods)


@cache
def everything() -> list[Class]:
    """All classes of the product."""
    return [
        each
        for layer in ("domain", "application", "adapters", "entrypoints")
        for path in sorted((PROJECT / layer).rglob("*.py"))
        for each in classes(ast.parse(path.read_text()), path.relative_to(PROJECT).as_posix())
    ]


@cache
def by_name() -> dict[str, Class]:
    return {each.name: each for each in everything()}


@cache
def ports() -> list[Class]:
    return [
        one
        for one in everything()
        if one.place.startswith("application/ports/") and "Protocol" in one.bases and one.name not in INWARD
    ]


def ancestors(one: Class) -> set[str]:
    """Names of all classes that it derives from."""
    return set(one.bases).union(
        *(ancestors(by_name()[base]) for base in one.bases if base in by_name() and base != one.name)
    )


def methods(one: Class) -> set[tuple[str, tuple[str, ...]]]:
    """Its own and those that it inherits."""
    inherited = [by_name()[name].methods.items() for name in ancestors(one) if name in by_name()]
    return set(one.methods.items()).union(*inherited)


def without_their_port(found: list[Class]) -> list[tuple[str, str]]:
    """Classes that do all that a port asks for, and don't derive from it.

    Ports whose methods have no parameter are left out: many things can be closed, or purged.
    """
    told = [port for port in ports() if any(len(parameters) > 1 for _, parameters in methods(port))]
    return [
        (one.name, port.name)
        for one in found
        for port in told
        if methods(port) <= methods(one) and port.name not in {one.name, *ancestors(one)}
    ]


def test_adapters_derive_from_their_ports() -> None:
    assert len(ports()) > 30
    assert not without_their_port([one for one in everything() if one.place.startswith("adapters/")])


def test_an_adapter_that_does_not_is_noticed() -> None:
    port = by_name()["LimitCounters"]
    source = "class Counters:\n" + "".join(
        f"    def {name}({', '.join(parameters)}): ...\n" for name, parameters in port.methods.items()
    )
    (found,) = classes(ast.parse(source), "adapters/counters.py")
    assert without_their_port([found]) == [("Counters", "LimitCounters")]


def test_every_port_has_an_adapter() -> None:
    above = [ancestors(one) for one in everything() if one.place.startswith("adapters/")]
    assert not [port.name for port in ports() if not any(port.name in names for names in above)]


def test_the_application_implements_no_port_of_its_own() -> None:
    names = {port.name for port in ports()}
    inside = [
        one
        for one in everything()
        if one.place.startswith(("application/", "domain/")) and one not in ports()
    ]
    assert {one.name for one in inside if names & ancestors(one)} <= COMPOSED
    assert not without_their_port(inside)
