"""The database, for as long as a process needs it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from adapters.postgres.encryption import check_keys
from adapters.postgres.migrations import migrate
from entrypoints.bootstrap.storage import StorageContainer


@asynccontextmanager
async def running_database(
    container: StorageContainer, *, join: bool = False, enrols: bool = True
) -> AsyncIterator[None]:
    """Start the embedded server where the settings ask for it, and migrate; stop it at the end.

    With `join`, one that another process runs already will do. `enrols`: whether this process may enrol somebody.

    Raises:
        StartupError: the database can't be had, not migrated, or it is encrypted with other keys.
    """
    async with AsyncExitStack() as stack:
        # Before a server is started that would only have to be stopped again.
        container.sealing()
        storage = container.storage()
        if storage == "embedded":
            server = container.embedded_server()
            await (server.join() if join else server.start())
            stack.push_async_callback(server.stop)
        if storage != "memory":
            engine = container.engine()
            stack.push_async_callback(engine.dispose)
            await migrate(engine)
            await check_keys(engine, enrols=enrols)
        yield
