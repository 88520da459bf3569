"""Decoding can be stopped before it takes long, where its time is foreseen, and in between."""

from collections.abc import Callable
from concurrent.futures import CancelledError
from io import BytesIO

import pytest
from PIL import Image as Pillow

from adapters.imaging.decoder import PillowDecoder
from adapters.threads.allowance import MAX_MS
from application.ports.effort import Interrupted, interruptible
from application.ports.workers import Client, current_client
from tests.unit import hostile_images as hostile

DECODER = PillowDecoder(50_000_000)
ALLOWED_S = 0.25


def flat(kind: str, side: int, **options: object) -> bytes:
    file = BytesIO()
    Pillow.new("RGB", (side, side), (90, 120, 200)).save(file, kind, **options)
    return file.getvalue()


@pytest.fixture(autouse=True, scope="module")
def imported() -> None:
    """What decodes a kind of file is imported with the first."""
    for kind in ("WEBP", "AVIF", "JPEG", "PNG", "BMP"):
        DECODER.decode_reduced(flat(kind, 80), 640)


LONG: dict[str, Callable[[], bytes]] = {
    "WebP": lambda: flat("WEBP", 4000, method=0),
    "AVIF": lambda: flat("AVIF", 3500, speed=10),
    "progressive JPEG": lambda: flat("JPEG", 5000, progressive=True),
    "deep PNG": lambda: hostile.png(7000, 7100, 16, 6, b"\0" * (7000 * 8 + 1) * 7100),
    "scans": lambda: hostile.with_scans(2000, 2000, 90),
    "chunks": lambda: hostile.png(300, 200, 8, 0, b"\0" * 301 * 200, hostile.chunk(b"IDAT", b"") * 90_000),
}


@pytest.mark.parametrize("kind", LONG)
def test_what_takes_long_is_stopped_before_it_has(kind: str) -> None:
    data = LONG[kind]()
    with interruptible(lambda seconds: seconds < ALLOWED_S) as effort:
        with pytest.raises(Interrupted):
            DECODER.decode_reduced(data, 640)
        assert effort.spent_s < ALLOWED_S


def test_what_can_not_be_foreseen_is_stopped_when_its_time_is_up() -> None:
    with interruptible(lambda seconds: seconds < ALLOWED_S / 5) as effort:
        with pytest.raises(Interrupted):
            DECODER.decode(flat("JPEG", 7000))
        assert effort.spent_s < 4 * ALLOWED_S


def test_deep_pixels_are_foreseen_to_take_longer_than_any_allowance() -> None:
    """Where all photos take long, up to a second is allowed; see Allowance."""
    data = hostile.png(7000, 7100, 16, 6, b"\0" * (7000 * 8 + 1) * 7100)
    with interruptible(lambda seconds: 1000 * seconds < MAX_MS), pytest.raises(Interrupted):
        DECODER.decode_reduced(data, 640)


@pytest.mark.parametrize(
    ("kind", "side", "options"),
    [
        ("JPEG", 6900, {}),
        ("JPEG", 3464, {"progressive": True}),
        ("PNG", 3464, {}),
        ("WEBP", 2800, {"method": 0}),
        ("BMP", 3464, {}),
    ],
)
def test_nothing_that_a_phone_makes_is_foreseen_to_take_long(
    kind: str, side: int, options: dict[str, object]
) -> None:
    ahead: list[float] = []

    def note(seconds: float) -> bool:
        ahead.append(seconds - effort.spent_s)
        return True

    data = flat(kind, side, **options)
    with interruptible(note) as effort:
        DECODER.decode_reduced(data, 640)
    assert max(ahead) < ALLOWED_S


def test_a_client_that_leaves_is_not_told_of_as_a_damaged_photo() -> None:
    client = Client()
    client.leave()
    former = current_client.set(client)
    try:
        with pytest.raises(CancelledError):
            DECODER.decode(flat("JPEG", 64))
    finally:
        current_client.reset(former)
