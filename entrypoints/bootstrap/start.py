"""What runs as long as the service does."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from adapters.onnx.catalogue.entries import Task
from adapters.system.machine import return_freed_memory
from application.background import in_background
from application.errors import StartupError
from application.ports.liveness_sessions import LivenessSessionStore
from domain.errors import FaceServiceError, Unavailable
from domain.liveness.detection import LivenessPolicy
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.database import running_database
from entrypoints.bootstrap.remedies import explained
from entrypoints.bootstrap.tracing import tracing

logger = logging.getLogger("face.start")

_PURGE_S = 20.0
"""Between two removals of expired liveness sessions."""


@asynccontextmanager
async def running(
    container: Container, *, join: bool = False, loaded: Callable[[float], object] = lambda _: None
) -> AsyncIterator[None]:
    """Run the database as `running_database` says, load the models, and let indexes follow the database.

    `loaded` is told how long it took to load the models, in seconds.

    Raises:
        StartupError: one of them can't be had.
    """
    # The database's start is mostly waiting: meanwhile the models are loaded, or prepared the first time.
    loading = asyncio.ensure_future(container.workers().run(load_models, container))
    try:
        async with (
            tracing(container.traces()),
            storing(container, join=join),
            container.audit_trail().running(),
            searching(container),
            in_background(_purge_sessions(container.liveness_sessions()), container.apply_retention().run()),
        ):
            loaded(await loading)
            if not join:
                await warn_of_former_models(container)
            yield
    finally:
        loading.cancel()


@asynccontextmanager
async def storing(container: Container, *, join: bool = False, enrols: bool = True) -> AsyncIterator[None]:
    """Run the database, and afterwards end the workers that the container has; see `running_database`."""
    try:
        async with running_database(container, join=join, enrols=enrols), container.match_days().running():
            yield
    finally:
        container.workers().close()
        for client in container.service_clients().values():
            client.close()


async def warn_of_former_models(container: Container) -> None:
    """Log the faces that no photo is compared with since the models have changed, and what to do."""
    with suppress(Unavailable):
        for former in await container.find_former_faces().execute():
            logger.warning(
                "faces of the former model %s, with which no photo is compared: %d. `face-api reembed --to %s` embeds"
                " those that have a stored crop (%d); the photos of the others (%d) have to be enrolled again",
                former.model,
                former.faces.pending + former.faces.without_crop,
                former.successor,
                former.faces.pending,
                former.faces.without_crop,
            )


@asynccontextmanager
async def searching(container: Container) -> AsyncIterator[None]:
    """Let the indexes follow the database, if the settings ask for any."""
    search = container.search()
    if search == "index":
        async with container.indexed_gallery().running():
            yield
        return
    # Saved indexes that nothing keeps up to date would keep people who are deleted.
    await container.index_store().keep_only(set())
    if search == "shared":
        async with container.shared_index_service().running():
            yield
    else:
        yield


async def _purge_sessions(store: LivenessSessionStore) -> None:
    """Remove expired liveness sessions, also where nobody begins new ones."""
    while True:
        await asyncio.sleep(_PURGE_S)
        with suppress(Unavailable):  # the next time, then
            await store.purge()


def load_models(container: Container) -> float:
    """Load the default models and those of FACE_PRELOAD; how long that took, in seconds.

    Raises:
        StartupError: some are unknown, missing or broken; the message names the setting of each.
    """
    began = time.monotonic()
    models, settings = container.local_models(), container.settings()
    elsewhere = settings.services.keys()
    problems: list[str] = []

    def preload(task: Task, name: str) -> None:
        """Load a model, or, where a service runs it, find out only whether the catalogue has it."""
        (models.resolve_for if task in elsewhere else models.preload)(task, name)

    if settings.models_dir is not None and not settings.models_dir.is_dir():
        logger.warning("FACE_MODELS_DIR: there is no folder %s", settings.models_dir)
    for name in settings.model_aliases.values():
        with _naming("FACE_MODEL_ALIASES", problems):
            models.task(name)
    for name in settings.preload:
        with _naming("FACE_PRELOAD", problems):
            preload(models.task(name), name)
    if settings.liveness is not LivenessPolicy.OFF and "anti_spoofing" not in elsewhere:
        with _naming("FACE_LIVENESS", problems):
            container.liveness_gate().threshold()
    with _naming("FACE_DETECTION_MODEL", problems):
        preload("detection", settings.detection_model)
    with _naming("FACE_RECOGNITION_MODEL", problems):
        preload("recognition", settings.recognition_model)
    if problems:
        raise StartupError("; ".join(problems))
    return_freed_memory()
    return time.monotonic() - began


@contextmanager
def _naming(key: str, problems: list[str]) -> Iterator[None]:
    try:
        yield
    except FaceServiceError as error:
        problems.append(f"{key}: {explained(error)}")
