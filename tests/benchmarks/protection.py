"""What keys, audit and limits cost: `python -m tests.benchmarks.protection`.

Two services run at once, one with all three and one without any, and take turns in short rounds. The machine's noise
concerns both of a round, so that the median of the rounds' ratios says what the protection costs.
"""

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
import numpy as np

from tests.benchmarks.load import json_request, photo_request, run
from tests.benchmarks.photos import find_people
from tests.benchmarks.served import OURS, Service, folder

WITH = {
    "FACE_AUDIT_DAYS": "183",
    "FACE_REQUESTS_PER_MINUTE": "1000000",
    "FACE_CONCURRENT_PHOTOS": "10000",
}
WITHOUT = {"FACE_AUDIT_DAYS": "0", "FACE_ALLOW_ANONYMOUS": "true"}

_FLUSHED_S = 1.0
_RESAMPLES = 10_000
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Ratio:
    """A median of ratios, with a bootstrap's confidence interval."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> "Ratio":
        """Of the rounds' ratios."""
        dice = np.random.default_rng(1)
        medians = np.median(dice.choice(ratios, (_RESAMPLES, len(ratios))), axis=1)
        low, high = np.quantile(medians, [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
        return cls(float(np.median(ratios)), float(low), float(high))

    def __str__(self) -> str:
        """In percent."""
        return f"{self.median:.1%} ({self.low:.1%} to {self.high:.1%})"


@dataclass(frozen=True, slots=True)
class Round:
    """What a service did in one turn."""

    answers: int
    seconds: float
    processor_s: float


def compare(
    services: tuple[Service, Service],
    requests: tuple[Sequence[bytes], Sequence[bytes]],
    rounds: int,
    seconds: float,
    clients: int,
) -> tuple[Ratio, Ratio]:
    """Throughput of the first by that of the second, and answers for the same processor time."""
    turns: list[list[Round]] = [[], []]
    for number in range(rounds):
        for which in (0, 1) if number % 2 else (1, 0):
            service = services[which]
            begun = service.processor_s()
            outcome = run(service.port, requests[which], clients, seconds)
            # So that the audit entries of this turn are written, and counted, before the next.
            time.sleep(_FLUSHED_S)
            good = outcome.statuses[200]
            if good != outcome.statuses.total() or outcome.broken:
                raise click.ClickException(f"answers {dict(outcome.statuses)}, broken {outcome.broken}")
            turns[which].append(Round(good, outcome.seconds, service.processor_s() - begun))
    throughput = [
        (one.answers / one.seconds) / (other.answers / other.seconds)
        for one, other in zip(*turns, strict=True)
    ]
    efficiency = [
        (one.answers / one.processor_s) / (other.answers / other.processor_s)
        for one, other in zip(*turns, strict=True)
    ]
    return Ratio.of(throughput), Ratio.of(efficiency)


def with_key(whole: bytes, secret: str) -> bytes:
    """A request with an API key."""
    return whole.replace(b"\r\n", b"\r\nX-API-Key: " + secret.encode() + b"\r\n", 1)


def _key(home: Path) -> str:
    made = subprocess.run(
        [OURS[0], "keys", "create", "bench", "--scope", "recognize", "--scope", "enrol"],
        env={**os.environ, "FACE_DATA_DIR": str(home / "data")},
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def register_all(service: Service, photos: Sequence[bytes], secret: str = "") -> None:
    """A person a photo."""
    headers = {"X-API-Key": secret} if secret else {}
    for number, photo in enumerate(photos):
        query = {"name": f"P{number}", "faces": "largest", "on_conflict": "allow"}
        files = {"image": ("photo.jpg", photo)}
        service.client.post("/api/face/register", params=query, files=files, headers=headers)


def embedding(service: Service, photo: bytes) -> bytes:
    """The body of a request that searches with a photo's embedding."""
    answer = service.client.post(
        "/api/face/embed", params={"faces": "largest"}, files={"image": ("photo.jpg", photo)}
    )
    answer.raise_for_status()
    return msgspec.json.encode({"embedding": answer.json()["data"][0]["embedding"]})


@click.command()
@click.option("--rounds", type=click.IntRange(2, 1000), default=40, show_default=True)
@click.option("--seconds", type=click.FloatRange(0.2, 60), default=2.0, show_default=True, help="of a turn")
@click.option("--clients", type=click.IntRange(1, 64), default=4, show_default=True)
@click.option("--images", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(rounds: int, seconds: float, clients: int, images: Path | None) -> None:
    """Measure HTTP throughput with keys, audit and limits, as a share of that without."""
    photos = [person.probe for person in find_people(images, 10)]
    with (
        folder() as home,
        Service(OURS, Path(home) / "with", WITH) as protected,
        Service(OURS, Path(home) / "without", WITHOUT) as bare,
    ):
        for service in (protected, bare):
            service.ready()
        embeddings = [embedding(bare, photo) for photo in photos[:5]]
        secret = _key(Path(home) / "with")
        register_all(protected, photos, secret)
        register_all(bare, photos)
        kinds: list[tuple[str, Callable[[bytes], bytes], Sequence[bytes]]] = [
            ("photos", lambda photo: photo_request(photo, "/api/face/search"), photos),
            ("embeddings", lambda body: json_request(body, "/api/face/search/json"), embeddings),
        ]
        for what, make, bodies in kinds:
            plain = [make(body) for body in bodies]
            keyed = [with_key(each, secret) for each in plain]
            for service, requests in ((protected, keyed), (bare, plain)):
                run(service.port, requests, clients, 2)
            throughput, efficiency = compare((protected, bare), (keyed, plain), rounds, seconds, clients)
            click.echo(f"{what}: throughput {throughput}, answers for the same processor time {efficiency}")


if __name__ == "__main__":
    main()
