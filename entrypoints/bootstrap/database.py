"""The database, for as long as a process needs it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.postgres.migrations import migrate
from entrypoints.bootstrap.storage import StorageContainer


@asynccontextmanager
async def running_database(container: StorageContainer, *, join: bool = False) -> AsyncIterator[None]:
    """Start the embedded server where the settings ask for it, and migrate; stop it at the end.

    Args:
        container: what is wired.
        join: whether an embedded server that another process runs already will do.

    Raises:
        StartupError: the database can't be had, or not migrated.
    """
    async with AsyncExitStack() as stack:
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
