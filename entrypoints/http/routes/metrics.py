"""/metrics: what Prometheus reads."""

import asyncio

from litestar import Controller, Response, get
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from adapters.prometheus.metrics import COUNTS, exposition


class MetricsController(Controller):
    """The service's own figures. They are for operators, and so not in the description of the API."""

    path = "/metrics"
    include_in_schema = False

    @get()
    async def get_metrics(self) -> Response[bytes]:
        """Those of all processes."""
        COUNTS.write()
        text = await asyncio.to_thread(exposition)
        return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)
