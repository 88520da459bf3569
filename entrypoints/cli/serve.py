"""`face-api serve`."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import click
import uvicorn
import uvloop
from dependency_injector import providers

from application.errors import StartupError
from domain.errors import Unavailable
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings, load_settings
from entrypoints.bootstrap.start import running
from entrypoints.bootstrap.worker_processes import Siblings, join_first
from entrypoints.http.app import create_app

logger = logging.getLogger("face.serve")

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"

STOP = (signal.SIGTERM, signal.SIGINT)

_POLL_S = 0.1

GRACE_S = 20
"""How long requests that are being answered may take to end when the service stops.

What a worker has begun ends after that; its decoding is bounded. Both are to take less than the 40 seconds that a
container's engine is told to wait.
"""


@click.command()
@click.option("--host", metavar="ADDRESS", help="instead of FACE_HOST")
@click.option("--port", type=click.IntRange(0, 65535), help="instead of FACE_PORT; 0: any")
def serve(host: str | None, port: int | None) -> None:
    """Serve the API until SIGTERM or Ctrl-C."""
    # In the environment, where the service's other processes find them.
    options = {"FACE_HOST": host, "FACE_PORT": port}
    os.environ.update({key: str(value) for key, value in options.items() if value is not None})
    serve_with(Container(settings=providers.Object(load_settings().of_one_process())))


def serve_with(container: Container) -> None:
    """Serve what a container makes, in as many processes as its settings say.

    Raises:
        StartupError: it can't be started.
    """
    settings: Settings = container.settings()
    logging.basicConfig(level=settings.log_level.upper(), format=LOG_FORMAT)
    for library in ("alembic", "faiss", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)
    serving = _serve_beside if join_first() else _serve_first
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        uvloop.run(_until_signal(serving(container, settings)))


async def _until_signal(serving: Coroutine[Any, Any, None]) -> None:
    """Serve; what comes before that is given up at a signal."""
    booting = asyncio.current_task()
    if booting is not None:
        _on_signal(lambda _: booting.cancel())
    await serving


async def _serve_first(container: Container, settings: Settings) -> None:
    siblings = settings.process_count - 1
    if siblings:
        # A shared address can't tell whether another service has it.
        listening(settings.host, settings.port).close()
    with listening(settings.host, settings.port, shared=siblings > 0) as address:
        async with running(container), Siblings(siblings, address.getsockname()[1]) as others:
            await _answer(address, container, others.stop)


async def _serve_beside(container: Container, settings: Settings) -> None:
    async with running(container, join=True):
        await _readiness(container)
        with listening(settings.host, settings.port, shared=True) as address:
            await _answer(address, container)


async def _readiness(container: Container) -> None:
    """Others answer meanwhile, faster than this process could."""
    while True:
        try:
            await container.check_readiness().execute()
        except Unavailable:
            await asyncio.sleep(_POLL_S)
        else:
            return


async def _answer(
    address: socket.socket, container: Container, stop_others: Callable[[], None] = lambda: None
) -> None:
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

    def stop(number: int) -> None:
        server.handle_exit(number, None)
        stop_others()

    _on_signal(stop)
    logger.info("listening on http://%s:%d", *address.getsockname()[:2])
    await server.serve([address])


def _on_signal(do: Callable[[int], object]) -> None:
    for number in STOP:
        asyncio.get_running_loop().add_signal_handler(number, do, number)


def listening(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket bound to the address; taken before anything is started, so that a taken port costs nothing.

    Args:
        host: an address, or a name of one.
        port: 0 for any.
        shared: whether other processes of this user may take it too.

    Raises:
        StartupError: the address can't be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise StartupError(f"FACE_HOST: {host!r} is no address of this machine") from error
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
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
