"""Everything that the container can make is made, of what it takes: mypy doesn't see the wiring."""

import builtins
import inspect
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
from dependency_injector import providers
from dependency_injector.errors import Error
from typing_extensions import get_protocol_members, get_type_hints, is_protocol

from domain.liveness.detection import LivenessPolicy
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings

SERVER = {"database_url": "postgresql+asyncpg://face@localhost/nowhere"}
ELSEWHERE = ["http://127.0.0.1:9"]
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "memory": {"database_url": "memory"},
    "index": {**SERVER, "search": "index"},
    "pgvector": {**SERVER, "search": "pgvector"},
    "crops and liveness": {**SERVER, "store_crops": True, "liveness": LivenessPolicy.ENFORCE},
    "model services": {
        "database_url": "memory",
        "detection_url": ELSEWHERE,
        "recognition_url": ELSEWHERE,
        "service_key": "a-key-between-services",
    },
}


@pytest.fixture(params=CONFIGURATIONS)
def container(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Container]:
    settings = Settings(data_dir=tmp_path, **CONFIGURATIONS[request.param])
    container = Container(settings=providers.Object(settings))
    yield container
    container.counters().close()
    container.workers().close()
    for client in container.service_clients().values():
        client.close()


def used(container: Container) -> list[providers.Provider[Any]]:
    """What the container makes: all use cases, and the ports, of which PostgreSQL has some that memory has not."""
    made = []
    for name, provider in sorted(container.providers.items()):
        try:
            provider()
        except Error as error:
            if name in Container.cls_providers or str(error) != 'Selector has no "memory" provider':
                raise
        else:
            made.append(provider)
    return made


def test_everything_can_be_made(container: Container) -> None:
    assert len(used(container)) > len(Container.cls_providers)


def test_everything_is_made_of_what_it_takes(container: Container) -> None:
    every = used(container)
    if container.storage() != "memory":
        every.extend(container.traverse())  # those that have no name
    wrong = {
        f"{provider}: {argument} is {type(found).__name__}, not {hint}"
        for provider in every
        if isinstance(provider, providers.Factory | providers.BaseSingleton | providers.Callable)
        for argument, found, hint in arguments(provider)
        if not fits(found, hint)
    }
    assert not wrong


class ImportedLate(dict[str, Any]):
    """Anything for the names of annotations that a module imports for mypy alone."""

    def __init__(self, module: ModuleType) -> None:
        super().__init__()
        self.module = module

    def __missing__(self, name: str) -> Any:
        if hasattr(self.module, name) or hasattr(builtins, name):
            raise KeyError(name)
        return Any


def arguments(provider: Any) -> Iterator[tuple[str, Any, Any]]:
    """Name, value and annotation of each argument that a provider passes."""
    maker = provider.provides
    if maker is partial or not (isinstance(maker, type) or inspect.isroutine(maker)):
        return  # what it takes is known when it is called
    annotated = maker.__init__ if isinstance(maker, type) else maker  # type: ignore[misc]
    hints = get_type_hints(annotated, localns=ImportedLate(sys.modules[maker.__module__]))
    signature = inspect.signature(maker)
    given = signature.bind(
        *(value(each) for each in provider.args),
        **{key: value(each) for key, each in provider.kwargs.items()},
    )
    for name, passed in given.arguments.items():
        several = signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
        for each in passed if several else [passed]:
            yield name, each, hints.get(name, Any)


def value(injected: Any) -> Any:
    return injected() if isinstance(injected, providers.Provider) else injected


def fits(found: Any, hint: Any) -> bool:
    """Whether a value may have an annotation, as far as that can be told of a value."""
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        return any(fits(found, one) for one in get_args(hint))
    if origin is Literal:
        return found in get_args(hint)
    kind = origin or hint
    if kind is Any or not isinstance(kind, type):
        return True
    if is_protocol(kind):
        return all(hasattr(found, member) for member in get_protocol_members(kind))
    return isinstance(found, (int, float) if kind is float else kind)


def test_a_wrong_argument_is_noticed() -> None:
    """Or else the tests above would show nothing."""
    assert not fits("one", int | None)
    assert not fits(object(), list[int])
    assert not fits(object(), str)
