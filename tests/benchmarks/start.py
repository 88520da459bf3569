"""From the command to the first answered recognition, with an empty gallery."""

import time
from pathlib import Path

import httpx

from tests.benchmarks.report import Start
from tests.benchmarks.rig import Rig
from tests.benchmarks.served import OURS, Service, folder
from tests.benchmarks.statistics import Spread


def measure(rig: Rig) -> list[Start]:
    """The first start makes the database and prepares the models; the others find both."""
    photo = rig.people[0].probe
    first, again = [], []
    with folder() as home:
        for number in range(rig.effort.starts):
            place = Path(home) / str(number)
            first.append(_start(place, photo))
            again.append(_start(place, photo))
            rig.tell(
                f"start, {number + 1} of {rig.effort.starts}: {first[-1][1]:.1f} s, {again[-1][1]:.1f} s"
            )
    return [
        Start(name, *(Spread.of(values) for values in zip(*figures, strict=True)))
        for name, figures in (("into an empty data directory", first), ("again", again))
    ]


def _start(place: Path, photo: bytes) -> tuple[float, float, float]:
    """Seconds until ready and until the answer, and seconds of processor time."""
    begin = time.perf_counter()
    with Service(OURS, place) as service:
        service.ready()
        ready = time.perf_counter() - begin
        answer = service.client.post("/api/face/recognize", files={"image": ("photo.jpg", photo)})
        answered = time.perf_counter() - begin
        if answer.status_code != httpx.codes.NOT_FOUND:  # nobody is enrolled
            raise RuntimeError(f"a recognition was answered with {answer.status_code}")
        return ready, answered, service.processor_s()
