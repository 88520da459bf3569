"""Living people pass a liveness session and attacks don't; docs/liveness-sessions.md has the figures.

FACE_ACCURACY=full takes everybody and 1,080 attacks; the plain run a few. `-s` shows the figures.
"""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from dependency_injector import providers

from application.liveness.frames import FrameAnalyser
from application.liveness.sessions import likeness
from domain.errors import InvalidImage
from domain.liveness.errors import FrameTooSoon
from domain.liveness.movements import sequences
from domain.liveness.session import Frame, Likeness, LivenessSession, SessionRules, SessionState
from domain.liveness.transitions import advance
from domain.models import ModelChoice
from entrypoints.bootstrap.container import Container
from entrypoints.bootstrap.settings import Settings
from tests.accuracy import pictures
from tests.accuracy.conftest import FULL
from tests.accuracy.presentations import Attacker, Movements, Person, Timed, as_they_are, genuine, timed

PEOPLE = 67 if FULL else 6
PHOTOS, VIDEOS = (60, 120) if FULL else (2, 6)
"""Attacks of each species."""
SEED = 20261128


@dataclass(frozen=True)
class Judge:
    """The service's own path from frames to the verdict, without the waiting."""

    meter: FrameAnalyser
    models: ModelChoice
    alike: Likeness
    rules: SessionRules
    measured: dict[bytes, Frame] = field(default_factory=dict)

    def verdict(self, movements: Movements, frames: Timed) -> LivenessSession:
        session = LivenessSession(movements)
        for at, data in frames:
            if session.state is not SessionState.OPEN:
                break
            if data not in self.measured:
                self.measured[data] = self.meter.measure(data, self.models)
            try:
                session = advance(session, replace(self.measured[data], at=at), self.rules, self.alike)
            except FrameTooSoon:
                continue
        return session


@pytest.fixture(scope="module")
def judge(data_directory: Path) -> Judge:
    settings = Settings(data_dir=data_directory)
    container = Container(settings=providers.Object(settings))
    models = container.models().choose(None, None)
    alike = likeness(container.policy(), models.recognition)
    return Judge(FrameAnalyser(container.analyser()), models, alike, settings.session_limits.rules)


@pytest.fixture(scope="module")
def people(assets: Path) -> list[Person]:
    folders = sorted((assets / "faces" / "mugshots").iterdir())
    return [Person(folder) for folder in folders[:: 1 if FULL else len(folders) // PEOPLE][:PEOPLE]]


def show(title: str, ends: Counter[str]) -> None:
    """Print a row of the page's table."""
    total = sum(ends.values())
    print(f"\n{title}: {ends['passed']} of {total} passed; {dict(ends.most_common())}")  # noqa: T201 - the figures


def end_of(session: LivenessSession) -> str:
    return str(session.failure or session.state)


def test_everybody_passes_with_their_views_as_they_are(judge: Judge, people: list[Person]) -> None:
    draw = np.random.default_rng(SEED)
    asked = sequences(3)
    ends: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for person in people:
        for movements in [asked[n] for n in draw.permutation(len(asked))[:4]]:
            session = judge.verdict(movements, timed(as_they_are(person, movements)))
            ends[end_of(session)] += 1
            if session.state is not SessionState.PASSED:
                failed[person.name] += 1
    show("one picture a movement", ends)
    show(f"not passed {dict(failed)}", Counter(passed=len(people) - len(failed), others=len(failed)))
    assert len(failed) <= 0.05 * len(people)


@pytest.mark.parametrize("hard", [False, True])
def test_living_people_pass(judge: Judge, people: list[Person], *, hard: bool) -> None:
    draw = np.random.default_rng(SEED + 1)
    asked = sequences(3)
    ends: Counter[str] = Counter()
    for person in people:
        for movements in [asked[n] for n in draw.permutation(len(asked))[:3]]:
            frames = timed(genuine(person, movements, hard=hard))
            ends[end_of(judge.verdict(movements, frames))] += 1
    show("three frames a movement" + (", badly taken" if hard else ""), ends)
    # Of 201 sessions 196 passed. A plain run has only 18, of which two did not.
    assert ends["passed"] >= (0.95 if FULL else 0.85) * sum(ends.values())


def test_attacks_do_not_pass(judge: Judge, people: list[Person], lfw: Path) -> None:
    portraits = sorted((lfw / "images").glob("*/*_0001.jpg"))[:: 10 if FULL else 100]
    photos = [pictures.framed(np.asarray(cv2.imread(str(path)), dtype=np.uint8)) for path in portraits]
    attacker = Attacker(people, photos, 3, np.random.default_rng(SEED + 2))
    ends: dict[str, Counter[str]] = {species: Counter() for species in attacker.species}
    for attack in attacker.attacks(PHOTOS, VIDEOS):
        session = judge.verdict(attack.asked, attack.frames)
        ends[attack.species][end_of(session)] += 1
    for species, counted in ends.items():
        show(species, counted)
    passed = sum(counted["passed"] for counted in ends.values())
    assert passed == 0, ends


def test_what_is_no_picture_is_no_frame(judge: Judge) -> None:
    with pytest.raises(InvalidImage):
        judge.meter.measure(b"no picture", judge.models)
