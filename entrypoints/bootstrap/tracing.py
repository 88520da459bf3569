"""The collector of traces, if the settings name one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING

from application.errors import StartupError

if TYPE_CHECKING:
    from adapters.opentelemetry.traces import Traces


def open_traces(url: str, service: str = "face-api") -> "Traces | None":
    """Begin to send traces to the collector at this address; None for an empty one, and then no library is imported.

    Raises:
        StartupError: the libraries are not installed.
    """
    if not url:
        return None
    try:
        from adapters.opentelemetry.traces import Traces  # noqa: PLC0415
    except ImportError as error:
        raise StartupError(
            f"FACE_TRACES_URL: traces need packages that are not installed ({error.name} is missing):"
            " pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http"
        ) from None
    return Traces(url, service, version("face-api"))


@asynccontextmanager
async def tracing(traces: "Traces | None") -> AsyncIterator[None]:
    """Send traces, the last ones at the end."""
    try:
        yield
    finally:
        if traces is not None:
            await asyncio.to_thread(traces.close)
