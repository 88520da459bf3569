"""The metrics: docs/metrics.md explains each.

Labels have few values, and none that a request can choose: not paths but their templates, no names of people. Of
collections those that have most faces are named.
"""

import os
from collections import Counter as Multiset
from collections.abc import Iterator, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

from adapters.prometheus.batches import BatchHistogram, RequestCounts
from adapters.prometheus.folder import VARIABLE

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_REQUEST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

REGISTRY = CollectorRegistry()
_counter = partial(Counter, registry=REGISTRY)
_gauge = partial(Gauge, multiprocess_mode="livesum", registry=REGISTRY)
_histogram = partial(BatchHistogram, registry=REGISTRY)

REQUESTS = _counter(
    "face_requests",
    "Requests that were answered, or whose client left (status 499)",
    ["method", "route", "status"],
)
REQUEST_SECONDS = _histogram(
    "face_request_duration_seconds",
    "From a request's head to the end of its answer",
    ["route"],
    buckets=_REQUEST,
)
IN_PROGRESS = _gauge("face_requests_in_progress", "Requests that are being received or answered")
COUNTS = RequestCounts(IN_PROGRESS)
"""By which requests are counted; those who read the metrics have it written first."""
REFUSALS = _counter("face_refusals", "Answers with an error, by its code", ["code"])
STAGE_SECONDS = _histogram("face_stage_duration_seconds", "Stages of requests", ["stage"], buckets=_FAST)
DECISIONS = _counter("face_decisions", "Identifications of faces, by verdict", ["verdict"])
QUEUED = _gauge("face_queue_photos", "Photos that wait for a worker")
WORKERS_BUSY = _gauge("face_workers_busy", "Workers at work")
WORKERS = _gauge("face_workers", "Workers")
MEMORY = _gauge(
    "face_process_resident_memory_bytes", "Memory of each process that answers", multiprocess_mode="liveall"
)
MODEL_LOAD_SECONDS = _gauge(
    "face_model_load_seconds",
    "How long the models took to load at the start, in the slowest process",
    multiprocess_mode="livemax",
)


class GalleryFaces(Collector):
    """Sizes of galleries, as the process that tells them has counted them last.

    They are in no file that processes share: collections that are deleted would stay there, and the file would grow.
    """

    MOST = 100
    """Collections that are named: those with most faces."""
    OTHERS = "-"
    """The label of all others together, which no collection is called."""

    def __init__(self) -> None:
        self._faces: Mapping[tuple[str, str], int] = {}

    def set(self, faces: Mapping[tuple[str, str], int]) -> None:
        """Take the number of faces by model and collection."""
        sizes: Multiset[str] = Multiset()
        for (_, collection), number in faces.items():
            sizes[collection] += number
        named = {collection for collection, _ in sizes.most_common(self.MOST)}
        told: Multiset[tuple[str, str]] = Multiset()
        for (model, collection), number in faces.items():
            told[model, collection if collection in named else self.OTHERS] += number
        self._faces = told

    @override
    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The one metric."""
        family = GaugeMetricFamily(
            "face_gallery_faces",
            "Enrolled faces, by recognition model and collection",
            labels=["model", "collection"],
        )
        for labels, number in self._faces.items():
            family.add_metric(labels, number)
        yield family


GALLERY_FACES = GalleryFaces()
REGISTRY.register(GALLERY_FACES)
INDEXES_FILLING = _gauge(
    "face_indexes_filling",
    "Indexes that can't be searched yet, or have to be filled again: the database searches meanwhile",
)
INDEX_LAG_SECONDS = _gauge(
    "face_index_lag_seconds",
    "For how long the oldest change has waited to be in the index that instances share",
    multiprocess_mode="livemax",
)
INDEX_UNAVAILABLE = _gauge(
    "face_index_unavailable",
    "Whether the index that instances share does not answer: 1 or 0",
    multiprocess_mode="livemax",
)
DATABASE_CONNECTIONS = _gauge("face_database_connections", "Connections to the database that are in use")


def exposition() -> bytes:
    """All metrics of all processes, in Prometheus' text format."""
    if VARIABLE not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(GALLERY_FACES)
    return generate_latest(registry)
