"""The application in this process, on memory: what clients send, as bytes."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from dependency_injector import providers

from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from entrypoints.http.app import create_app
from tests.shared_folder import with_models


@pytest.fixture
def container(tmp_path: Path) -> Container:
    settings = Settings(database_url="memory", data_dir=with_models(tmp_path), workers=1, processes=1)
    return Container(settings=providers.Object(settings))


@pytest.fixture
async def client(container: Container) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(cast("Any", create_app(container)), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=60) as client:
        yield client
    container.workers().close()
