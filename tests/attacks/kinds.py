"""The attacks. Each is a coroutine that goes on for some seconds."""

import json
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO

import psutil
from PIL import Image as Pillow

from tests.attacks.clients import Origin, hold, repeat, request
from tests.unit import hostile_images as hostile

_WIDTH, _HEIGHT = 7000, 7100
_PAUSE_S = 0.1
"""An attacker may send so many requests that any service is busy; these are about requests that cost much."""
_UPLOAD = 14_950_000


@dataclass(frozen=True, slots=True)
class Target:
    """What is attacked."""

    origin: Origin
    """From where it is attacked."""
    process: int
    """Process id of the service."""
    faces: Sequence[bytes]
    """Photos with faces, as files."""


Run = Callable[[Target, float], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack, and the service that it is on."""

    what: str
    run: Run
    settings: dict[str, str] = field(default_factory=dict)
    logged: str | None = None
    """Words of the errors that the log has to have."""


def costly_photos(make: Callable[[], bytes], clients: int = 12) -> Run:
    """Photos that take long, each by a client that sends it again and again."""

    async def run(target: Target, seconds: float) -> object:
        whole = request("/api/face/recognize", make())
        return await repeat(target.origin, lambda: whole, clients, seconds, _PAUSE_S)

    return run


async def unread_bodies(target: Target, seconds: float) -> object:
    """14 MB that nobody reads."""
    whole = request("/api/face/nowhere", bytes(_UPLOAD))
    return await repeat(target.origin, lambda: whole, 12, seconds, _PAUSE_S)


async def long_names(target: Target, seconds: float) -> object:
    name = "a" + "\u0301\u0323" * 15_000
    whole = request(
        "/api/collection", json.dumps({"name": name}, ensure_ascii=False).encode(), "application/json"
    )
    return await repeat(target.origin, lambda: whole, 4, seconds, _PAUSE_S)


async def crowds(target: Target, seconds: float) -> object:
    """209 faces in a photo."""
    face = Pillow.open(BytesIO(target.faces[0])).convert("RGB").crop((80, 0, 160, 80)).resize((120, 120))
    photo = Pillow.new("RGB", (19 * 150, 11 * 150), (100, 110, 120))
    for number in range(209):
        photo.paste(face, (15 + number % 19 * 150, 15 + number // 19 * 150))
    file = BytesIO()
    photo.save(file, "JPEG", quality=90)
    whole = request("/api/face/recognize?faces=all", file.getvalue())
    return await repeat(target.origin, lambda: whole, 8, seconds)


async def long_heads(target: Target, seconds: float) -> None:
    """10 MB of headers."""
    head = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 10_000_000
    await hold(target.origin, [head] * 8, seconds)


async def changes(target: Target, seconds: float) -> object:
    """Registrations, one after the other, in a gallery in which others search."""
    dice = random.Random(1)

    def make() -> bytes:
        values = [dice.gauss(0, 1) for _ in range(128)]
        length = sum(value * value for value in values) ** 0.5
        body = json.dumps({"embedding": [round(value / length, 6) for value in values]}).encode()
        name = f"P{dice.getrandbits(40)}"
        return request(f"/api/face/register/json?name={name}&on_conflict=allow", body, "application/json")

    return await repeat(target.origin, make, 1, seconds, _PAUSE_S)


async def silent_connections(target: Target, seconds: float) -> None:
    """200 that send nothing, and 200 that stop within the headers."""
    await hold(target.origin, [b"", b"GET / HTTP/1.1\r\nX: "] * 200, seconds)


async def held_uploads(target: Target, seconds: float) -> None:
    """64 uploads whose last bytes never come."""
    whole = request("/api/face/recognize", bytes(_UPLOAD))
    await hold(target.origin, [whole[:-100_000]] * 64, seconds)


async def hung_worker(target: Target, seconds: float) -> None:
    """One of two processes that answer stops."""
    first = psutil.Process(target.process)
    workers = [child for child in first.children() if child.exe() == first.exe()]
    workers[0].send_signal(signal.SIGSTOP)
    await hold(target.origin, [b""], seconds)


def faceless(width: int, height: int) -> bytes:
    """A JPEG of patches of colour."""
    dice = random.Random(1)
    small = Pillow.frombytes(
        "RGB", (width // 16, height // 16), dice.randbytes(width // 16 * (height // 16) * 3)
    )
    file = BytesIO()
    small.resize((width, height), Pillow.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


_SMALL = partial(hostile.jpeg, 300, 200)
_GREY = b"\0" * 301 * 200

ATTACKS = {
    "names": Attack("35: names of 15,000 pairs of combining marks", long_names),
    "scans": Attack(
        "36: progressive JPEGs with 90 scans", costly_photos(partial(hostile.with_scans, _WIDTH, _HEIGHT, 90))
    ),
    "many-scans": Attack(
        "36: ... with 10,000 scans", costly_photos(partial(hostile.with_scans, _WIDTH, _HEIGHT, 10_000))
    ),
    "deep": Attack(
        "36: 50 megapixels of RGBA with 16 bits",
        costly_photos(lambda: hostile.png(_WIDTH, _HEIGHT, 16, 6, b"\0" * (_WIDTH * 8 + 1) * _HEIGHT)),
    ),
    "fill": Attack(
        "36: JPEGs with megabytes of fill bytes",
        costly_photos(lambda: hostile.with_fill_bytes(_SMALL(), 10_000_000)),
    ),
    "segments": Attack(
        "36: JPEGs with 3,500,000 segments", costly_photos(lambda: hostile.with_segments(_SMALL(), 3_500_000))
    ),
    "chunks": Attack(
        "36: PNGs with 90,000 chunks",
        costly_photos(lambda: hostile.png(300, 200, 8, 0, _GREY, hostile.chunk(b"IDAT", b"") * 90_000)),
    ),
    "runs": Attack(
        "36: run-length encoded BMPs",
        costly_photos(lambda: hostile.rle_bmp(1000, 900, b"\0\x02\0\0" * 650_000)),
    ),
    "faceless": Attack(
        "36: photos of 1280 x 960 pixels without a face", costly_photos(partial(faceless, 1280, 960), 10)
    ),
    "crowds": Attack("37: 209 faces in a photo", crowds),
    "unread": Attack("36: 15 MB for an address that is nobody's", unread_bodies),
    "heads": Attack("38: 10 MB of headers", long_heads),
    "changes": Attack("39: registrations", changes),
    "silent": Attack("40: 400 silent and half-open connections", silent_connections),
    "uploads": Attack("40: 64 uploads that are held", held_uploads),
    "hung": Attack("41: a worker that hangs", hung_worker, {"FACE_PROCESSES": "2"}, "worker process"),
}
