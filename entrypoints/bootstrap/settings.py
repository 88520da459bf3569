"""The configuration: environment variables FACE_*, then `.env` in the working directory, then defaults."""

import os
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any, Self

import msgspec

from adapters.gallery_index.milvus.connection import IndexAddress
from adapters.system.machine import usable_cores
from application.liveness.sessions import SessionLimits
from domain.limits import Limits
from domain.liveness.session import SessionRules
from domain.models import ModelChoice
from entrypoints.bootstrap.address import is_loopback
from entrypoints.bootstrap.dotenv_file import read_dotenv
from entrypoints.bootstrap.options import Options
from entrypoints.bootstrap.unknown_names import refuse_unknown_keys
from entrypoints.bootstrap.values import parse_value

_CORES_OF_A_PROCESS = 4
"""Fewer cores are kept as busy by one process as by two, at half the memory (docs/decisions/0010-processes.md)."""

_DEFAULT_PROCESSES = 4
"""At most: each takes the memory of its models."""

_WAITING_WORKERS = 16
"""Threads of a process whose models are elsewhere: they wait rather than compute."""

PROJECT = Path(__file__).resolve().parents[2]

PREFIX = "FACE_"


class Settings(Options, frozen=True, kw_only=True):
    """The configuration, and what follows from it."""

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_loopback(self.host)

    @property
    def run_dir(self) -> Path:
        """Of what holds only while the service runs."""
        return self.data_dir / "run"

    @property
    def cache_dir(self) -> Path:
        """Where prepared models are stored."""
        return self.data_dir / "prepared"

    @property
    def model_folder(self) -> Path:
        """Where the operator's model files are."""
        return self.models_dir or self.data_dir / "models"

    @property
    def index_dir(self) -> Path:
        """The folder of gallery indexes."""
        return self.data_dir / "index"

    @property
    def index_address(self) -> IndexAddress:
        """Where the index is that instances share."""
        address = IndexAddress(self.index_url, self.index_token, self.index_ca)
        if address.embedded:
            return IndexAddress(str(Path(self.index_url).expanduser().absolute()))
        return address

    @property
    def calibration_dir(self) -> Path:
        """Where the operator's own calibration tables are."""
        return self.data_dir / "calibration"

    @property
    def liveness_calibration(self) -> Path:
        """The operator's own liveness threshold."""
        return self.data_dir / "liveness.toml"

    @property
    def own_catalogue(self) -> Path:
        """The operator's own additions to the catalogue of models."""
        return self.model_folder / "models.toml"

    @property
    def default_models(self) -> ModelChoice:
        """The models that answer requests which name none."""
        return ModelChoice(self.detection_model, self.recognition_model)

    @property
    def session_limits(self) -> SessionLimits:
        """The limits of liveness sessions."""
        return SessionLimits(
            movements=self.liveness_session_movements,
            rules=SessionRules(
                deadline_s=self.liveness_session_deadline_s,
                gap_s=self.liveness_session_gap_s,
                frames=self.liveness_session_frames,
                rate=self.liveness_session_rate,
            ),
            valid_s=self.liveness_session_valid_s,
            sessions=self.liveness_session_most,
            frame_bytes=int(self.liveness_session_frame_kb * 1e3),
        )

    @property
    def limits(self) -> Limits:
        """The limits of clients that have none of their own."""
        return Limits(self.requests_per_minute, self.concurrent_photos)

    @property
    def models_named(self) -> list[str]:
        """The models without which the service does not start, in the words of the configuration."""
        return [self.detection_model, self.recognition_model, *self.preload]

    @property
    def max_pixels(self) -> int:
        """The pixel limit of an image."""
        return int(self.max_image_mp * 1e6)

    @property
    def batch_width(self) -> int:
        """Photos of one batch that are processed at once: enough to keep the workers busy."""
        return self.worker_count + 1

    @property
    def bulk_concurrency(self) -> int:
        """Photos that a bulk command processes at once: some are analysed, some stored."""
        return 4 * self.worker_count + 8

    @property
    def max_body_bytes(self) -> int:
        """The limit of a request, and of a file."""
        return int(self.max_body_mb * 1e6)

    @property
    def max_uploads_bytes(self) -> int:
        """The limit of all uploads of a process; the largest request always fits."""
        return max(int(self.max_uploads_mb * 1e6), self.max_body_bytes)

    @property
    def cores(self) -> int:
        """Number of processor cores that the service may use."""
        return usable_cores()

    @property
    def worker_count(self) -> int:
        """Number of threads that analyse images, in a process that is the only one: two more than cores by default.

        Threads take turns in Python; while some wait for their turn, others compute.
        """
        return self.workers or self._workers(1)

    @property
    def services(self) -> dict[str, list[str]]:
        """The URLs of model services, by task."""
        urls = {
            "detection": self.detection_url,
            "recognition": self.recognition_url,
            "anti_spoofing": self.anti_spoofing_url,
        }
        return {task: found for task, found in urls.items() if found}

    @property
    def process_count(self) -> int:
        """Number of processes that answer. Faces in memory, and an index in a folder, are those of one process."""
        if self.database_url == "memory" or (self.index_url and self.index_address.embedded):
            return 1
        return self.processes or min(ceil(self.cores / _CORES_OF_A_PROCESS), _DEFAULT_PROCESSES)

    def of_one_process(self) -> Self:
        """The settings of each process of the service, with its share of the worker threads."""
        return msgspec.structs.replace(self, workers=self.workers or self._workers(self.process_count))

    def _workers(self, processes: int) -> int:
        if self.detection_url and self.recognition_url:
            return _WAITING_WORKERS
        return ceil(self.cores / processes) + 2


def load_settings(environment: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Settings:
    """Read the settings from the process's environment and `.env` in the working directory, or from what is given.

    Raises:
        StartupError: a value is wrong, or a key with the prefix is unknown; the message names the key. Or the
            file can't be read.
    """
    values = {**read_dotenv(dotenv or Path(".env")), **(os.environ if environment is None else environment)}
    fields = {PREFIX + field.name.upper(): field for field in msgspec.structs.fields(Settings)}
    refuse_unknown_keys(values, PREFIX, fields)
    given: dict[str, Any] = {}
    for key, field in fields.items():
        text = values.get(key, "").strip()
        if text:
            given[field.name] = parse_value(key, text, field)
    return Settings(**given)
