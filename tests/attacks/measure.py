"""Measures what an attack does to good clients, to memory and to the service's end."""

import asyncio
import multiprocessing
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import TimeoutExpired

import psutil

from tests.attacks.clients import Origin, Tally, good_clients, small_photo
from tests.attacks.kinds import ATTACKS, Target
from tests.e2e.service import Service
from tests.fuzz.faces import sample_faces
from tests.fuzz.memory import memory_mb
from tests.fuzz.run import errors_in

_WARM_S = 3
_LEAD_S = 4.0
"""From an attack's beginning to the measurement."""
_REST_S = 3
"""From an attack's end to the measurement after it."""
_SETTLE_S = 6
"""From that measurement's end to the look at the memory: longer than connections are kept."""
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attack."""

    before: Tally
    under: Tally
    after: Tally
    processor_s: tuple[float, float, float]
    """That the service took meanwhile: before, under attack and after."""
    attacker_cores: float
    """Processor cores that the attacker itself took."""
    memory_mb: tuple[float, float, float]
    """Before, at most, and after; of all processes."""
    stop_s: float
    errors: list[str]
    """Lines of the log that nobody may cause."""

    @property
    def throughput(self) -> float:
        """Of the good clients, as a share of that without the attack, before and after it."""
        return self.under.rate / max(0.1, (self.before.rate + self.after.rate) / 2)

    @property
    def efficiency(self) -> float:
        """As `throughput`, by the service's processor time: what others on the machine take doesn't count."""
        calm = (self.before.statuses[200] + self.after.statuses[200]) / max(
            0.1, self.processor_s[0] + self.processor_s[2]
        )
        return self.under.statuses[200] / max(0.1, self.processor_s[1]) / max(0.1, calm)

    @property
    def noise(self) -> float:
        """The larger of the throughputs before and after, by the smaller."""
        low, high = sorted((self.before.rate, self.after.rate))
        return high / max(0.1, low)

    @property
    def growth(self) -> float:
        """Memory after the attack, by that before it."""
        return self.memory_mb[2] / self.memory_mb[0]


def measure(name: str, seconds: float, addresses: int = 1) -> Outcome:
    """Start a service, attack it from so many addresses, and stop it under the attack."""
    return asyncio.run(_measure(name, seconds, addresses))


async def _measure(name: str, seconds: float, addresses: int) -> Outcome:
    attack = ATTACKS[name]
    faces = sample_faces()
    photo = small_photo(faces[0])
    with (
        tempfile.TemporaryDirectory(prefix="face-attack-") as folder,
        Service(Path(folder), attack.settings) as service,
    ):
        service.register("Eileen", photo, on_conflict="allow").raise_for_status()
        pid = service.process.pid
        origin = Origin(service.port, [f"127.0.2.{number}" for number in range(1, addresses + 1)])
        target = Target(origin, pid, faces)
        await good_clients(service.port, photo, _WARM_S)
        spent = [_service_s(pid)]
        before = await good_clients(service.port, photo, seconds)
        spent.append(_service_s(pid))
        before_mb = memory_mb(pid)
        peak = asyncio.create_task(_peak_mb(pid, before_mb))
        attacker = _begin(name, target, _LEAD_S + seconds)
        await asyncio.sleep(_LEAD_S)
        used = _processor_s(attacker)
        spent.append(_service_s(pid))
        under = await good_clients(service.port, photo, seconds)
        spent.append(_service_s(pid))
        cores = (_processor_s(attacker) - used) / seconds
        await asyncio.to_thread(attacker.join)
        await asyncio.sleep(_REST_S)
        spent.append(_service_s(pid))
        after = await good_clients(service.port, photo, seconds)
        spent.append(_service_s(pid))
        await asyncio.sleep(_SETTLE_S)
        peak.cancel()
        with suppress(asyncio.CancelledError):
            await peak
        memory = (before_mb, _peaks.pop(pid), memory_mb(pid))
        attacker = _begin(name, target, 60)
        await asyncio.sleep(3)
        begun = time.perf_counter()
        with suppress(TimeoutExpired):
            await asyncio.to_thread(service.stop)
        stop_s = time.perf_counter() - begun
        attacker.kill()
        found = errors_in(service.log.read_text())
        errors = [line for line in found if attack.logged is None or attack.logged not in line]
    took = (spent[1] - spent[0], spent[3] - spent[2], spent[5] - spent[4])
    return Outcome(before, under, after, took, cores, memory, stop_s, errors)


_peaks: dict[int, float] = {}


async def _peak_mb(process: int, start: float) -> None:
    _peaks[process] = start
    while True:
        _peaks[process] = max(_peaks[process], await asyncio.to_thread(memory_mb, process))
        await asyncio.sleep(_LOOK_S)


def _begin(name: str, target: Target, seconds: float) -> multiprocessing.process.BaseProcess:
    """Attack from a process of its own, so that good clients aren't slowed down by their own program."""
    process = multiprocessing.get_context("spawn").Process(
        target=_attack, args=(name, target, seconds), daemon=True
    )
    process.start()
    return process


def _attack(name: str, target: Target, seconds: float) -> None:
    asyncio.run(_run(name, target, seconds))


def _service_s(process: int) -> float:
    """Processor time of a service and its children so far."""
    root = psutil.Process(process)
    total = 0.0
    for each in (root, *root.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system
    return total


async def _run(name: str, target: Target, seconds: float) -> None:
    await ATTACKS[name].run(target, seconds)


def _processor_s(process: multiprocessing.process.BaseProcess) -> float:
    try:
        times = psutil.Process(process.pid).cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
