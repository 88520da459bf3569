"""Throughput of one process, and of three services with as many workers: `python -m tests.benchmarks.services`.

Rounds of both by turns, so that what else the machine does meets both alike. Prints ratios, and the bytes of a photo.
"""

import statistics
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import click
import cv2
import httpx
import numpy as np

from adapters.remote.protocol import Parameters, bytes_tensor, write_request
from tests.e2e.model_service import ModelService
from tests.e2e.service import Service

CLIENTS, ROUNDS, ROUND_S = 16, 4, 6.0
WORKERS = 4
"""Of the one process; the two model services share as many."""


def answered(port: int, photos: list[bytes], clients: int, seconds: float) -> tuple[float, float]:
    """Requests a second, and the median time of one in milliseconds."""
    stop, took = time.monotonic() + seconds, []

    def ask(at: int) -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            while time.monotonic() < stop:
                began = time.monotonic()
                photo = photos[at % len(photos)]
                answer = client.post("/api/face/embed", files={"image": ("photo", photo)})
                assert answer.status_code == httpx.codes.OK, answer.text
                took.append(time.monotonic() - began)
                at += clients

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(took) / seconds, 1e3 * statistics.median(took)


@click.command(help=__doc__)
@click.argument(
    "assets", type=click.Path(exists=True, file_okay=False, path_type=Path), envvar="FACE_TEST_ASSETS"
)
def main(assets: Path) -> None:
    """Measure, and print."""
    lfw = [path.read_bytes() for path in sorted((assets / "faces/lfw-dev/images").glob("*/*_0001.jpg"))[:40]]
    large = (assets / "faces" / "groups" / "couple.jpg").read_bytes()
    folder = Path(tempfile.mkdtemp(prefix="face-services-"))
    for name in ("one", "models", "api"):
        (folder / name).mkdir()
    memory = {"FACE_DATABASE_URL": "memory", "FACE_LOG_LEVEL": "warning"}
    half = {"FACE_WORKERS": str(WORKERS // 2), "FACE_LOG_LEVEL": "warning"}
    with ExitStack() as stack:
        one = stack.enter_context(Service(folder / "one", {**memory, "FACE_WORKERS": str(WORKERS)}))
        detection = stack.enter_context(ModelService(folder / "models", "detection", half))
        recognition = stack.enter_context(ModelService(folder / "models", "recognition", half))
        urls = {
            "FACE_DETECTION_URL": detection.url,
            "FACE_RECOGNITION_URL": recognition.url,
            "FACE_SERVICE_TIMEOUT_S": "60",
        }
        three = stack.enter_context(Service(folder / "api", {**memory, **urls}, from_nothing=True))
        for what, photos in (("LFW", lfw), ("1 MP", [of_a_megapixel(large)]), ("3.6 MP", [large])):
            for clients in (1, CLIENTS):
                found: dict[str, list[tuple[float, float]]] = {"one": [], "three": []}
                for service in (one, three):
                    answered(service.port, photos, clients, 2)
                for _ in range(ROUNDS):
                    for name, service in (("one", one), ("three", three)):
                        found[name].append(answered(service.port, photos, clients, ROUND_S))
                rates = [there[0] / here[0] for here, there in zip(found["one"], found["three"], strict=True)]
                more = [there[1] - here[1] for here, there in zip(found["one"], found["three"], strict=True)]
                print(  # noqa: T201
                    f"{what}, {clients} clients: three/one {statistics.median(rates):.2f}"
                    f" ({min(rates):.2f} to {max(rates):.2f}); one {found['one'][-1][0]:.1f}/s;"
                    f" p50 {statistics.median(more):+.1f} ms"
                )
            sizes(detection.url, recognition.url, photos[0], what)


def of_a_megapixel(photo: bytes) -> bytes:
    """The same photo, smaller."""
    pixels = cv2.imdecode(np.frombuffer(photo, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    scale = (1e6 / (pixels.shape[0] * pixels.shape[1])) ** 0.5
    smaller = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", smaller, (cv2.IMWRITE_JPEG_QUALITY, 92))[1].tobytes()


def sizes(detection: str, recognition: str, photo: bytes, what: str) -> None:
    """Print the bytes that a photo of one face takes between services."""
    asked: Parameters = {"selection": "largest", "alignment": "refined", "max_faces": 256}
    body, header = write_request({"file": bytes_tensor(photo)}, asked)
    url = f"{detection}/v2/models/yunet/infer"
    answer = httpx.post(
        url, content=body, headers={"inference-header-content-length": str(header)}, timeout=60
    )
    print(f"{what}: photo {len(photo):,}; detect {len(body):,} there, {len(answer.content):,} back")  # noqa: T201
    assert recognition


if __name__ == "__main__":
    main()
