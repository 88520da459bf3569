"""`face-api serve`."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator

import click
import uvicorn
import uvloop
from dependency_injector import providers

from application.errors import StartupError
from entrypoints.boot import running
from entrypoints.container import Container
from entrypoints.http.app import create_app
from entrypoints.settings import Settings, load_settings

logger = logging.getLogger("face.serve")

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"

STOP = (signal.SIGTERM, signal.SIGINT)

GRACE_S = 30
"""How long requests that are being answered may take to end when the service stops."""


@click.command()
def serve() -> None:
    """Serve the API until SIGTERM or Ctrl-C."""
    serve_with(Container(settings=providers.Object(load_settings())))


def serve_with(container: Container) -> None:
    """Serve what a container makes.

    Raises:
        StartupError: it can't be started.
    """
    settings: Settings = container.settings()
    logging.basicConfig(level=settings.log_level.upper(), format=LOG_FORMAT)
    for library in ("alembic", "faiss", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        uvloop.run(_serve(container, settings))


async def _serve(container: Container, settings: Settings) -> None:
    booting = asyncio.current_task()
    if booting is not None:
        for number in STOP:
            asyncio.get_running_loop().add_signal_handler(number, booting.cancel)
    with listening(settings.host, settings.port) as address:
        await _serve_on(address, container)


async def _serve_on(address: socket.socket, container: Container) -> None:
    async with running(container):
        server = _Server(
            uvicorn.Config(
                create_app(container),
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        for number in STOP:
            asyncio.get_running_loop().add_signal_handler(number, server.handle_exit, number, None)
        logger.info("listening on http://%s:%d", *address.getsockname()[:2])
        await server.serve([address])


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to the address; taken before anything is started, so that a taken port costs nothing.

    Raises:
        StartupError: the address can't be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise StartupError(f"FACE_HOST: {host!r} is no address of this machine") from error
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise StartupError(f"FACE_PORT: can't listen on {host}:{port}: {error.strerror}") from error
    return bound


class _Server(uvicorn.Server):
    """Leaves signals to us: uvicorn raises them again once it has stopped, before the database is."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
