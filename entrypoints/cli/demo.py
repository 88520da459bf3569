"""`face-api demo`."""

import os
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import httpx
from PIL import Image, ImageOps

from application.errors import StartupError
from application.photo_folders import PhotoFile, find_photos
from entrypoints.bootstrap.address import listen
from entrypoints.bootstrap.settings import PROJECT, Settings
from entrypoints.cli.bulk import FOLDER
from entrypoints.cli.reports import printable
from entrypoints.cli.serve import serve_with, wired

DRAWINGS = PROJECT / "static" / "demo"
"""A drawing of each of some people, and one of a stranger: nobody's likeness."""

MOST_PHOTOS = 200
"""Of a folder: it is a demonstration."""

_READY_S = 120
_POLL_S = 0.1
_REQUEST_S = 60


@click.command()
@click.argument("folder", metavar="[DIR]", required=False, type=FOLDER)
@click.option("--port", type=click.IntRange(1, 65535), help="instead of 5000, or any free one")
@click.option("--browser/--no-browser", default=True, help="open the console in a browser")
def demo(folder: Path | None, port: int | None, *, browser: bool) -> None:
    """Try the service: serve a gallery with sample faces, and open the console.

    The sample faces are drawings that come along, for no package brings photos of people. How well people are told
    apart is seen with photos.

    With DIR, which has one folder a person, named like them, all photos of each but the last are registered, and
    the last are recognised.

    The gallery is in memory, settings have their defaults, and nothing is kept when Ctrl-C or SIGTERM ends it.
    """
    with TemporaryDirectory(prefix="face-demo-") as place:
        enrolled, tried = _samples(Path(place)) if folder is None else _split(find_photos(folder))
        settings = Settings(
            port=port or _free_port(),
            database_url="memory",
            data_dir=Path(place, "data"),
            log_level="warning",
        )
        show = partial(_show, f"http://{settings.host}:{settings.port}", enrolled, tried, browser=browser)
        threading.Thread(target=show, daemon=True).start()
        serve_with(settings, partial(wired, settings))
    click.echo("The demonstration has ended; nothing was kept.")


def _free_port() -> int:
    """The usual port, or another if something listens there."""
    for port in (Settings().port, 0):
        try:
            with listen("127.0.0.1", port) as listener:
                free: int = listener.getsockname()[1]
                return free
        except StartupError:
            continue
    raise StartupError("there is no free port")


def _samples(place: Path) -> tuple[list[PhotoFile], list[PhotoFile]]:
    """Drawings of people; other pictures of them, which are mirrored, turned and darker; and of a stranger."""
    enrolled = [PhotoFile(path.stem, path) for path in sorted(DRAWINGS.glob("people/*.webp"))]
    tried = []
    for each in enrolled:
        with Image.open(each.path) as drawing:
            turned = ImageOps.mirror(drawing.convert("RGB")).rotate(
                6, Image.Resampling.BICUBIC, fillcolor="#aaa"
            )
        path = place / f"{each.person}-again.png"
        turned.point(lambda value: value * 0.7).save(path)
        tried.append(PhotoFile(each.person, path))
    return enrolled, [*tried, PhotoFile("", DRAWINGS / "stranger.webp")]


def _split(photos: list[PhotoFile]) -> tuple[list[PhotoFile], list[PhotoFile]]:
    """What is registered, and what is recognised afterwards: the last photo of each person who has several."""
    enrolled, tried = list[PhotoFile](), list[PhotoFile]()
    for _, group in groupby(photos[:MOST_PHOTOS], key=lambda photo: photo.person):
        *most, last = group
        enrolled += most or [last]
        tried += [last] if most else []
    return enrolled, tried


def _show(url: str, enrolled: list[PhotoFile], tried: list[PhotoFile], *, browser: bool) -> None:
    """Register, recognise, and open the console, as soon as the service answers."""
    try:
        with httpx.Client(base_url=url, timeout=_REQUEST_S, trust_env=False) as client:
            _wait_until_ready(client)
            click.echo(f"The service answers on {url}. Its gallery is in memory: nothing is kept.")
            for line in (*_registered(client, enrolled), *_recognised(client, tried)):
                click.echo(line)
    except (httpx.HTTPError, OSError, TimeoutError) as error:
        click.echo(f"face-api: the demonstration can't go on: {error}", err=True)
        return
    click.echo(f"\nOpen {url}/console and choose a photo, one of these or your own. Or in another shell:")
    if tried:
        click.echo(f'  curl -F "image=@{printable(tried[0].path)}" {url}/api/face/recognize')
    click.echo(f"  curl {url}/api/face\nCtrl-C ends it.")
    if browser and sys.stdout.isatty() and (sys.platform == "darwin" or "DISPLAY" in os.environ):
        webbrowser.open(f"{url}/console")


def _wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        try:
            if client.get("/health/ready").is_success:
                return
        except httpx.TransportError:
            pass  # it is starting
        time.sleep(_POLL_S)
    raise TimeoutError(f"the service was not ready within {_READY_S} s")


def _registered(client: httpx.Client, photos: list[PhotoFile]) -> Iterator[str]:
    for photo in photos:
        answer = _send(client, "/api/face/register", photo, name=photo.person, on_conflict="allow")
        known = answer.get("data", {})
        yield f"registered  {known['name']}" if "id" in known else _refused(photo, answer)


def _recognised(client: httpx.Client, photos: list[PhotoFile]) -> Iterator[str]:
    for photo in photos:
        answer = _send(client, "/api/face/recognize", photo)
        match answer:
            case {"data": {"name": name, "distance": distance}}:
                yield f"recognised  {printable(photo.path)}: {name}, similarity {1 - distance:.2f}"
            case {"code": "no_match"}:
                yield f"unknown     {printable(photo.path)}: nobody who is registered"
            case _:
                yield _refused(photo, answer)


def _send(client: httpx.Client, path: str, photo: PhotoFile, **query: str) -> dict[str, Any]:
    image = {"image": ("photo", photo.path.read_bytes())}
    answer: dict[str, Any] = client.post(path, params=query, files=image).json()
    return answer


def _refused(photo: PhotoFile, answer: dict[str, Any]) -> str:
    return f"refused     {printable(photo.path)}: {answer.get('detail', 'no reason was given')}"
