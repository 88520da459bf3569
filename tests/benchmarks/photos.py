"""The photos that a benchmark runs on."""

import itertools
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click

from application.photo_folders import SUFFIXES


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, by two photos, which are the same where there is only one."""

    name: str
    enrolled: bytes
    probe: bytes


def find_people(folder: Path | None, count: int) -> list[Person]:
    """At most `count` people of `folder/person/photo.jpg`, or of `folder/photo.jpg`, a person each.

    People with several photos come first. Without a folder: the one face that scikit-image brings along.

    Raises:
        click.ClickException: there are no photos.
    """
    people = _in_folder(folder) if folder is not None else _packaged()
    if not people:
        where = f"{folder} has none" if folder else "no installed package has one"
        raise click.ClickException(f"photos of faces are needed, {where}: use --images FOLDER")
    people.sort(key=lambda photos: len(photos) < 2)
    return [
        Person(f"{number:05d} {photos[0].stem}", photos[0].read_bytes(), photos[-1].read_bytes())
        for number, photos in enumerate(itertools.islice(people, count))
    ]


def _in_folder(folder: Path) -> list[list[Path]]:
    paths = sorted(folder.iterdir())
    people = [_photos(path) for path in paths if path.is_dir()] + [
        [path] for path in paths if _is_photo(path)
    ]
    return [photos for photos in people if photos]


def _photos(person: Path) -> list[Path]:
    return [path for path in sorted(person.iterdir()) if _is_photo(path)]


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES


def _packaged() -> list[list[Path]]:
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        return []
    astronaut = Path(spec.origin).parent / "data" / "astronaut.png"
    return [[astronaut]] if astronaut.is_file() else []
