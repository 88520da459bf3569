"""What an operator asks when something is wrong or slow: what is there, and does it work?"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import httpx
import msgspec
import numpy as np
import psutil

from adapters.embedded_postgres.cluster import Cluster
from adapters.postgres.disk_space import RESERVE
from application.errors import StartupError
from application.people import every_collection
from domain.errors import FaceServiceError
from entrypoints.bootstrap.access import is_open
from entrypoints.bootstrap.address import listen
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.remedies import explained
from entrypoints.bootstrap.settings import Settings
from entrypoints.bootstrap.start import load_models, storing
from entrypoints.bootstrap.unused import unused_settings

SLOW_MS = 100.0
"""Embedding one face takes 6 to 30 ms on processors of the last ten years."""
SMALL_MEMORY = 10**9
"""Bytes; a service with its database takes some 600 MB."""
RUNS = 5
"""How often a face is embedded to time it."""
_BASE = 1_000_000
TIMEOUT_S = 2.0
"""For the service on the configured address to answer."""


class Finding(msgspec.Struct, frozen=True):
    """What one check has found."""

    check: str
    state: Literal["ok", "warning", "error"]
    text: str


async def diagnose(container: Container) -> AsyncIterator[Finding]:
    """Check everything that a start needs, the surroundings first; a failed check keeps none of the others back."""
    settings = container.settings()
    for line in unused_settings(settings):
        yield Finding("settings", "warning", line)
    for finding in (*_machine(settings), *_data_directory(settings), await _address(settings)):
        yield finding
    with _nothing_left_behind(container):
        yield await asyncio.to_thread(_models, container)
    async for finding in _storage(container):
        yield finding


def _machine(settings: Settings) -> Iterator[Finding]:
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    text = f"{cores} cores, load {load:.1f}; {settings.process_count} processes of {settings.worker_count} threads"
    busy = load > 2 * cores
    yield Finding("processor", "warning" if busy else "ok", text + ("; it is kept busy" * busy))
    memory = psutil.virtual_memory().available
    yield Finding("memory", "warning" if memory < SMALL_MEMORY else "ok", f"{memory // _BASE} MB available")


def _data_directory(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    if settings.database_url != "embedded":
        return
    try:
        exists = Cluster(folder).exists()
        place = folder if folder.exists() else next(each for each in folder.parents if each.exists())
        free = shutil.disk_usage(place).free
        writable = os.access(place, os.W_OK | os.X_OK)
    except OSError as error:
        yield Finding("data directory", "error", f"FACE_DATA_DIR: {folder}: {error.strerror}")
        return
    if not writable:
        yield Finding("data directory", "error", f"FACE_DATA_DIR: {folder}: this user can't write there")
        return
    state: Literal["ok", "error"] = "ok" if free >= RESERVE else "error"
    new = "" if exists else "; no database yet: the first start makes one"
    yield Finding("data directory", state, f"{folder}, {free // _BASE} MB free{new}")


async def _address(settings: Settings) -> Finding:
    try:
        with listen(settings.host, settings.port):
            return Finding("address", "ok", f"{settings.host}:{settings.port} is free: no service is running")
    except StartupError as error:
        taken = str(error)
    host = "127.0.0.1" if settings.host in {"0.0.0.0", "::"} else settings.host.strip("[]")  # noqa: S104 (compared)
    url = f"http://[{host}]" if ":" in host else f"http://{host}"
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            answer = await client.get(f"{url}:{settings.port}/health/ready", headers={"Host": "localhost"})
            health = msgspec.json.decode(answer.content)
            detail = str(health["detail"])
    except (httpx.HTTPError, msgspec.DecodeError, KeyError, TypeError):
        return Finding("address", "error", f"{taken}, and who has it does not answer as this service does")
    state: Literal["ok", "warning"] = "ok" if answer.is_success and not health.get("degraded") else "warning"
    return Finding("address", state, f"a service answers on {url}:{settings.port}: {detail}")


@contextmanager
def _nothing_left_behind(container: Container) -> Iterator[None]:
    """Before the first start, prepare models in a folder that goes again."""
    if container.settings().cache_dir.exists():
        yield
        return
    with TemporaryDirectory() as folder, container.prepared_models.override(Path(folder)):
        yield


def _models(container: Container) -> Finding:
    began = time.perf_counter()
    try:
        load_models(container)
        models = container.models()
        choice = models.choose(None, None)
        loaded = time.perf_counter() - began
        embedder = models.embedder(choice.recognition)
        crop = np.full((112, 112, 3), 128, np.uint8)
        times = []
        for _ in range(RUNS):
            began = time.perf_counter()
            embedder.embed([crop])
            times.append(1000 * (time.perf_counter() - began))
    except (StartupError, FaceServiceError) as error:
        return Finding("models", "error", explained(error))
    took = min(times)  # what other programs do takes nothing off it
    ran = models.execution(choice.recognition)
    by = "" if ran is None else f", which runs on {ran.engine} in {ran.precision} ({ran.device})"
    text = (
        f"{choice.detection} and {choice.recognition}{by}, loaded in {loaded:.1f} s;"
        f" a face is embedded in {took:.1f} ms by one thread"
    )
    return Finding("models", "ok" if took < SLOW_MS else "warning", text)


async def _storage(container: Container) -> AsyncIterator[Finding]:
    settings = container.settings()
    try:
        container.sealing()
    except StartupError as error:
        yield Finding("encryption", "error", str(error))
        return
    if settings.database_url == "memory":
        yield Finding("database", "warning", "FACE_DATABASE_URL is memory: a restart forgets everybody")
        return
    if settings.database_url == "embedded" and not Cluster(settings.data_dir).exists():
        return
    try:
        async with storing(container, join=True, enrols=False):
            people = sum([each.profiles async for each in every_collection(container.collections())])
            yield Finding("database", "ok", f"it answers; {people} people are enrolled")
            for former in await container.find_former_faces().execute():
                yield Finding(
                    "database",
                    "warning",
                    f"faces of the former model {former.model}, with which no photo is compared: run"
                    f" `face-api reembed --to {former.successor}`",
                )
            yield await _encryption(container)
            yield await _access(container)
    except (StartupError, FaceServiceError) as error:
        yield Finding("database", "error", str(error))


async def _encryption(container: Container) -> Finding:
    key, found = await container.change_encryption().status()
    if key is None:
        return Finding("encryption", "ok", "off: embeddings are stored as they are")
    if others := sum(each.count for each in found if each.key != key):
        advice = f"{others} faces or crops are plain or have another key: run `face-api encryption rotate`"
        return Finding("encryption", "warning", f"on, with the key {key}; {advice}")
    return Finding("encryption", "ok", f"on: embeddings and crops are encrypted with the key {key}")


async def _access(container: Container) -> Finding:
    host = container.settings().host
    if await is_open(container) and not container.settings().first_key:
        advice = "`face-api keys create NAME --scope admin` makes the key without which it will not start"
        return Finding("access", "error", f"FACE_HOST: other machines can reach {host}; {advice}")
    if container.settings().allow_anonymous:
        return Finding("access", "warning", f"FACE_ALLOW_ANONYMOUS: who reaches {host} needs no key")
    return Finding("access", "ok", "only this machine can reach it, or a key is needed")
