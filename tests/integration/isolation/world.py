"""The HTTP application in this process, with stand-ins for models: a coloured square is a face, a colour a person."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

import httpx
from dependency_injector import providers

from adapters.postgres.migrations import migrate
from domain.api_keys import FULL_ACCESS, Grant
from domain.people import DEFAULT_COLLECTION
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from entrypoints.http.app import create_app
from tests.unit import fakes


@dataclass
class Key:
    """An API key of a test."""

    id: int
    secret: str
    grant: Grant


@dataclass
class Contents:
    """What a collection has, as an administrator sees it."""

    people: list[dict[str, Any]]
    faces: list[dict[str, Any]]

    def ids(self) -> set[int]:
        return {each["id"] for each in [*self.people, *self.faces]}


class _Models(fakes.ColourModels):
    """Those that may be asked which services of models are missing."""

    def missing(self) -> list[str]:
        return []


@dataclass
class World:
    """`with World(database_url, folder) as world: world.send(key, "GET", "/api/face")`."""

    database_url: str
    folder: Path
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    def __enter__(self) -> Self:
        self._runner = asyncio.Runner()
        self._runner.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.close()

    async def _start(self) -> None:
        settings = Settings(
            database_url=self.database_url, search="pgvector", data_dir=self.folder, workers=1, processes=1
        )
        self._container = container = Container(settings=providers.Object(settings))
        container.analyser.override(providers.Object(fakes.analyser()))
        container.models.override(providers.Object(_Models()))
        container.workers.override(providers.Object(fakes.InlineWorkers()))
        container.policy.override(providers.Object(fakes.policy()))
        if self.database_url != "memory":
            engine = container.engine()
            self._stack.push_async_callback(engine.dispose)
            await migrate(engine)
        await self._stack.enter_async_context(container.audit_trail().running())
        transport = httpx.ASGITransport(cast("Any", create_app(container)), raise_app_exceptions=False)
        self._http = await self._stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url="http://localhost")
        )
        issued = await container.manage_keys().create("administrator", FULL_ACCESS)
        self.admin = Key(issued.key.id, issued.secret, FULL_ACCESS)

    def key(self, grant: Grant) -> Key:
        """A new key."""
        issued = self._runner.run(self._container.manage_keys().create("key", grant))
        return Key(issued.key.id, issued.secret, grant)

    def send(self, key: Key, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {"X-API-Key": key.secret, **more.pop("headers", {})}
        answer = self._runner.run(self._http.request(method, path, headers=headers, **more))
        assert answer.status_code < 500, answer.text
        return answer

    def contents(self, collection: str) -> Contents:
        """All of a collection; nothing if it has been deleted."""
        parameters = {"collection": collection}
        people, faces = (
            self.send(self.admin, "GET", path, params=parameters).json()
            for path in ("/api/profile", "/api/face")
        )
        if people.get("code") == faces.get("code") == "collection_not_found":
            return Contents([], [])
        return Contents(people["data"], faces["data"])

    def enrol(self, collection: str, name: str, colour: tuple[int, int, int]) -> None:
        """By the administrator; the person is made if there is none of the name."""
        answer = self.send(
            self.admin,
            "POST",
            "/api/face/register",
            params={"collection": collection, "name": name},
            files={"image": ("photo", fakes.photo(colour).data)},
        )
        assert answer.status_code == 200, answer.text

    def create(self, collection: str) -> None:
        """An empty collection, if there is none of the name."""
        self.send(self.admin, "POST", "/api/collection", json={"name": collection})

    def reset(self, collections: Sequence[str]) -> None:
        """Empty these collections and the default one; there are no others."""
        for collection in collections:
            self.send(self.admin, "DELETE", f"/api/collection/{collection}")
            self.create(collection)
        for person in self.contents(DEFAULT_COLLECTION).people:
            self.send(self.admin, "DELETE", f"/api/profile/{person['id']}")


def told(answer: httpx.Response) -> tuple[int, Mapping[str, Any] | str]:
    """What an answer tells: all but the time."""
    if not answer.headers["content-type"].startswith("application/json"):
        return answer.status_code, answer.text
    body = answer.json()
    return answer.status_code, {name: value for name, value in body.items() if name != "timestamp"}
