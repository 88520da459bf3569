"""Presentations to a liveness session: of living people, from real views of them, and attacks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.random import Generator

from domain.faces import Image
from domain.liveness.movements import Movement, sequences
from tests.accuracy import pictures

VIEWS = {Movement.LEFT: "R45_0", Movement.RIGHT: "L45_0", Movement.UP: "F_+30"}
"""Files of `mugshots` that show a movement.

In `R45_0` the face points to the picture's right, so that it is turned to the person's left; in `F_+30` the camera
was above, so that the chin seems lowered, which counts as `up`.
"""
FRONT = "F_0"
STEP_S = 0.45

Timed: TypeAlias = list[tuple[float, bytes]]
"""Frames and when they come, in seconds since the session began."""
Movements: TypeAlias = tuple[Movement, ...]


EACH = 3
"""Frames that show a movement; and from the front, before the first."""


class Person:
    """Somebody's real views, and frames of them. A frame is taken once: it may be in several sessions."""

    def __init__(self, folder: Path) -> None:
        """Read the views; `closer` is the middle of the one from the front."""
        files = {movement: f"{name}.jpg" for movement, name in VIEWS.items()}
        self.name = folder.name
        self.front = _read(folder / f"{FRONT}.jpg")
        self._draw = np.random.default_rng(int(folder.name))
        self.views: dict[Movement, Image] = {
            movement: _read(folder / file) for movement, file in files.items()
        }
        self.views[Movement.CLOSER] = pictures.nearer(self.front, self._draw.uniform(1.35, 1.6))
        self._taken: dict[tuple[Movement | None, bool], list[bytes]] = {}

    def frames(self, movement: Movement | None, *, hard: bool = False) -> list[bytes]:
        """Those of a movement, or from the front."""
        key = movement, hard
        if key not in self._taken:
            view, count = (self.front, 2 * EACH) if movement is None else (self.views[movement], EACH)
            self._taken[key] = [pictures.taken(view, self._draw, hard=hard) for _ in range(count)]
        return self._taken[key]


def _read(path: Path) -> Image:
    return pictures.framed(np.asarray(cv2.imread(str(path)), dtype=np.uint8))


@dataclass(frozen=True)
class Attack:
    """What is shown to a session that asks for these movements."""

    species: str
    asked: Movements
    frames: Timed


def timed(frames: list[bytes], step_s: float = STEP_S) -> Timed:
    return [(step_s * (number + 1), frame) for number, frame in enumerate(frames)]


def genuine(person: Person, movements: Movements, *, hard: bool = False) -> list[bytes]:
    """The face from the front, then each movement, EACH frames of each, facing the camera in between."""
    front = list(person.frames(None, hard=hard))
    frames, between = front[:EACH], front[EACH:]
    for movement in movements:
        frames += person.frames(movement, hard=hard)
        frames.append(between.pop())
    return frames


def as_they_are(person: Person, movements: Movements) -> list[bytes]:
    """One picture a movement, without any disturbance."""
    shown = [person.front, *(person.views[movement] for movement in movements)]
    return [cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes() for image in shown]


class Attacker:
    """Draws attacks of all species, in turn."""

    def __init__(self, people: list[Person], photos: list[Image], movements: int, draw: Generator) -> None:
        """Take what there is to attack with.

        Args:
            people: real views.
            photos: of other people, from the front: nobody has looked at them when constants were chosen.
            movements: how many a session asks for.
            draw: the randomness.
        """
        self._people = people
        self._photos = photos
        self._all = sequences(movements)
        self._draw = draw
        self.species: dict[str, Callable[[], tuple[Movements, Timed]]] = {
            "photo turned in space as asked": self._photo_turned,
            "photo of others turned in space as asked": self._other_photo_turned,
            "photo moved, rotated, zoomed, sheared": self._photo_moved,
            "photo bent and turned as asked": self._photo_bent,
            "recording of another session": self._recording,
            "wrong order": self._wrong_order,
            "two people": self._two_people,
            "another person for one movement": self._spliced,
            "dropped frames": self._dropped,
            "repeated frames": self._repeated,
            "frames out of time": self._out_of_time,
        }

    def attacks(self, photos: int, videos: int) -> Iterator[Attack]:
        """So many of each species that is made of a photo, and of each other."""
        for name, show in self.species.items():
            for _ in range(photos if name.startswith("photo") else videos):
                yield Attack(name, *show())

    def _asked(self) -> Movements:
        return self._all[self._draw.integers(len(self._all))]

    def _person(self) -> Person:
        return self._people[self._draw.integers(len(self._people))]

    def _acted(self, photo: Image, movements: Movements, act: Callable[[Movement], Image]) -> Timed:
        frames = [pictures.taken(photo, self._draw) for _ in range(2)]
        for movement in movements:
            frames += [pictures.taken(act(movement), self._draw) for _ in range(EACH)]
            frames.append(pictures.taken(photo, self._draw))
        return timed(frames)

    def _turned(self, photo: Image, movement: Movement) -> Image:
        draw = self._draw
        yaw, pitch = draw.uniform(-8, 8), draw.uniform(-8, 8)
        match movement:
            case Movement.LEFT:
                yaw = draw.choice([-1, 1]) * draw.uniform(20, 65)
            case Movement.RIGHT:
                yaw = draw.choice([-1, 1]) * draw.uniform(20, 65)
            case Movement.UP:
                pitch = draw.choice([-1, 1]) * draw.uniform(20, 60)
            case Movement.CLOSER:
                return pictures.nearer(photo, draw.uniform(1.35, 1.6))
        return pictures.tilted(photo, yaw, pitch, draw.uniform(-12, 12), float(draw.choice([1.2, 2, 4, 50])))

    def _photo_turned(self) -> tuple[Movements, Timed]:
        photo, asked = self._person().front, self._asked()
        return asked, self._acted(photo, asked, lambda movement: self._turned(photo, movement))

    def _other_photo_turned(self) -> tuple[Movements, Timed]:
        photo, asked = self._photos[self._draw.integers(len(self._photos))], self._asked()
        return asked, self._acted(photo, asked, lambda movement: self._turned(photo, movement))

    def _photo_moved(self) -> tuple[Movements, Timed]:
        photo, asked, draw = self._person().front, self._asked(), self._draw

        def anyhow() -> Image:
            way = draw.integers(4)
            if way == 0:
                return pictures.sheared(photo, draw)
            if way == 1:
                return pictures.nearer(photo, draw.uniform(0.7, 1.3))
            yaw, pitch, roll = (0.0, 0.0, draw.uniform(-45, 45)) if way == 2 else draw.uniform(-50, 50, 3)
            return pictures.tilted(photo, yaw, pitch, roll / 2, float(draw.choice([1.2, 2, 50])))

        frames = [pictures.taken(photo, draw) for _ in range(2)]
        return asked, timed(frames + [pictures.taken(anyhow(), draw) for _ in range(14)])

    def _photo_bent(self) -> tuple[Movements, Timed]:
        photo, asked, draw = self._person().front, self._asked(), self._draw
        arc = draw.uniform(20, 90)

        def act(movement: Movement) -> Image:
            if movement in {Movement.LEFT, Movement.RIGHT}:
                return pictures.bent(
                    photo, arc, draw.uniform(20, 45) * (1 if movement is Movement.LEFT else -1)
                )
            return self._turned(pictures.bent(photo, arc, 0), movement)

        return asked, self._acted(pictures.bent(photo, arc, 0), asked, act)

    def _recording(self) -> tuple[Movements, Timed]:
        first, second = self._draw.choice(len(self._all), 2, replace=False)
        return self._all[first], timed(genuine(self._person(), self._all[second]))

    def _wrong_order(self) -> tuple[Movements, Timed]:
        while True:
            asked = self._asked()
            if others := [order for order in set(permutations(asked)) if order != asked]:
                order = sorted(others)[self._draw.integers(len(others))]
                return asked, timed(genuine(self._person(), order))

    def _two(self) -> tuple[Person, Person]:
        one, other = self._draw.choice(len(self._people), 2, replace=False)
        return self._people[one], self._people[other]

    def _two_people(self) -> tuple[Movements, Timed]:
        (one, other), asked = self._two(), self._asked()
        mine, theirs = genuine(one, asked), genuine(other, asked)
        if self._draw.random() < 0.5:
            cut = int(self._draw.integers(2, len(mine) - 3))
            return asked, timed(mine[:cut] + theirs[cut:])
        return asked, timed([pair[number % 2] for number, pair in enumerate(zip(mine, theirs, strict=True))])

    def _spliced(self) -> tuple[Movements, Timed]:
        (one, other), asked = self._two(), self._asked()
        mine, theirs = genuine(one, asked), genuine(other, asked)
        start = EACH + (EACH + 1) * int(self._draw.integers(len(asked)))
        return asked, timed(mine[:start] + theirs[start : start + EACH] + mine[start + EACH :])

    def _dropped(self) -> tuple[Movements, Timed]:
        asked = self._asked()
        frames = timed(genuine(self._person(), asked))
        start = EACH + (EACH + 1) * int(self._draw.integers(len(asked)))
        if self._draw.random() < 0.5:  # a movement is missing
            return asked, frames[:start] + frames[start + EACH :]
        pause = self._draw.uniform(2.6, 8)  # nobody knows what happened before a movement
        return asked, frames[:start] + [(at + pause, frame) for at, frame in frames[start:]]

    def _repeated(self) -> tuple[Movements, Timed]:
        asked = self._asked()
        frames = genuine(self._person(), asked)
        first = int(self._draw.integers(0, len(frames) - 4))
        again = int(self._draw.integers(first + 1, len(frames) - 3))
        return asked, timed([*frames[:again], frames[first], *frames[again:]])

    def _out_of_time(self) -> tuple[Movements, Timed]:
        asked = self._asked()
        frames = genuine(self._person(), asked)
        way = self._draw.integers(3)
        if way == 0:  # slower than one a second can be
            return asked, timed(frames, self._draw.uniform(2.6, 4))
        if way == 1:  # all at once
            return asked, timed(frames, 0.02)
        return asked, [(at + 58, frame) for at, frame in timed(frames)]  # too late
