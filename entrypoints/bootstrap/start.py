"""What runs as long as the service does, in the order in which it starts and, reversed, stops."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress

from adapters.postgres.migrations import migrate
from adapters.system.machine import give_back_memory
from application.errors import StartupError
from application.ports.liveness_sessions import LivenessSessionStore
from domain.errors import FaceServiceError, Unavailable
from domain.liveness import LivenessPolicy
from entrypoints.bootstrap.access import require_key
from entrypoints.bootstrap.container import Container

logger = logging.getLogger("face.boot")

FORGET_S = 20.0
"""Between two removals of expired liveness sessions."""


@asynccontextmanager
async def running(container: Container, *, join: bool = False) -> AsyncIterator[None]:
    """Meanwhile the container's models are loaded, its database is up, and its indexes follow that.

    Args:
        container: what is wired.
        join: see `storing`.

    Raises:
        StartupError: it can't be.
    """
    # The database's start is mostly waiting: meanwhile the models are loaded, or prepared the first time.
    loading = asyncio.ensure_future(container.workers().run(load_models, container))
    try:
        async with storing(container, join=join), searching(container), forgetting(container):
            await loading
            await require_key(container)
            logger.info("ready: storage %s, search by %s", container.storage(), container.search())
            yield
    finally:
        loading.cancel()


@asynccontextmanager
async def storing(container: Container, *, join: bool = False) -> AsyncIterator[None]:
    """Meanwhile the container's database is up and migrated.

    Args:
        container: what is wired.
        join: whether an embedded server that another process runs already will do.

    Raises:
        StartupError: it can't be.
    """
    async with AsyncExitStack() as stack:
        workers = container.workers()
        stack.callback(workers.close)
        storage = container.storage()
        if storage == "embedded":
            server = container.embedded_server()
            await (server.join() if join else server.start())
            stack.push_async_callback(server.stop)
        if storage != "memory":
            engine = container.engine()
            stack.push_async_callback(engine.dispose)
            await migrate(engine)
        yield


@asynccontextmanager
async def searching(container: Container) -> AsyncIterator[None]:
    """Meanwhile resident indexes follow the database, if the operator wants any."""
    if container.search() == "index":
        async with container.residents().running():
            yield
    else:
        # Nobody would forget in them whom the database forgets.
        container.indexes().keep_only(set())
        yield


@asynccontextmanager
async def forgetting(container: Container) -> AsyncIterator[None]:
    """Meanwhile liveness sessions that have expired are removed, also when nobody begins new ones."""
    task = asyncio.create_task(_forget_sessions(container.liveness_sessions()))
    try:
        yield
    finally:
        task.cancel()


async def _forget_sessions(store: LivenessSessionStore) -> None:
    while True:
        await asyncio.sleep(FORGET_S)
        with suppress(Unavailable):  # the next time, then
            await store.purge()


def load_models(container: Container) -> None:
    """Load the default models, and those that the operator wants at once.

    Raises:
        StartupError: some are unknown, absent or broken; the message names the key of each.
    """
    models, settings = container.models(), container.settings()
    problems: list[str] = []
    for name in settings.model_aliases.values():
        with _naming("FACE_MODEL_ALIASES", problems):
            models.task(name)
    for name in settings.preload:
        with _naming("FACE_PRELOAD", problems):
            models.preload(models.task(name), name)
    if settings.liveness is not LivenessPolicy.OFF:
        with _naming("FACE_LIVENESS", problems):
            container.spoof_detector()().threshold  # noqa: B018 (a calibration may be of other models)
    with _naming("FACE_DETECTION_MODEL", problems):
        models.preload("detection", settings.detection_model)
    with _naming("FACE_RECOGNITION_MODEL", problems):
        models.preload("recognition", settings.recognition_model)
    if problems:
        raise StartupError("; ".join(problems))
    give_back_memory()


@contextmanager
def _naming(key: str, problems: list[str]) -> Iterator[None]:
    try:
        yield
    except FaceServiceError as error:
        problems.append(f"{key}: {error}")
