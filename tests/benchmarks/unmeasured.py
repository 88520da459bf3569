"""`face-api` without metrics, for comparison: `python -m tests.benchmarks.unmeasured serve`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar.types import ASGIApp

from entrypoints.bootstrap import sampling
from entrypoints.bootstrap.container import Container
from entrypoints.http.middleware import measured


def _as_it_is(app: ASGIApp) -> ASGIApp:
    return app


@asynccontextmanager
async def _unsampled(container: Container) -> AsyncIterator[None]:
    del container
    yield


# Before the modules that use them are imported.
measured.measured = _as_it_is
sampling.sampling = _unsampled

if __name__ == "__main__":
    from entrypoints.cli import main

    main()
