"""Living people pass, and what can't be judged is said to be that. `liveness_tables.py` has all figures.

That attacks don't pass is in the contract suite, for the few that there are.
"""

from pathlib import Path

import pytest

from adapters.onnx.library import OnnxModelLibrary
from domain.liveness.detection import LivenessVerdict
from tests.accuracy.living import CONFIRM, Judge, Living, library, living, variants


@pytest.fixture(scope="module")
def models(assets: Path, tmp_path_factory: pytest.TempPathFactory) -> OnnxModelLibrary:
    return library(assets, tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def judge(models: OnnxModelLibrary) -> Judge:
    return Judge(models)


@pytest.fixture(scope="module")
def people(assets: Path) -> list[Living]:
    """Those to whom nothing was fitted."""
    return [photo for photo in living(assets) if photo.half == CONFIRM]


@pytest.mark.parametrize(("name", "every", "bpcer"), [("press photos", 8, 0.1), ("frontal", 1, 0.11)])
def test_photos_of_living_people_are_judged_live(
    judge: Judge, people: list[Living], name: str, every: int, bpcer: float
) -> None:
    photos = [photo for photo in people if photo.people == name][::every]
    verdicts = [found.verdict for photo in photos if (found := judge.judge(judge.read(photo.path)))]
    assert verdicts.count(LivenessVerdict.SPOOF) <= bpcer * len(verdicts)
    assert verdicts.count(LivenessVerdict.UNDETERMINED) <= 0.05 * len(verdicts)


UNJUDGEABLE = {
    "grey": "grey",
    "grey, JPEG 75": "grey",
    "near infrared": "grey",
    "grey, colour noise 5": "grey",
    "sepia": "grey",
    "5% of its colours": "grey",
    "face of 24 pixels": "too_small",
    "cut to 1.0 boxes": "too_cropped",
}


def test_what_cannot_be_judged_is_not_called_an_attack(judge: Judge, people: list[Living]) -> None:
    """Of 26 press photos; one in 20 may be told otherwise."""
    made = []
    for photo in [photo for photo in people if photo.people == "press photos"][::67]:
        image = judge.read(photo.path)
        box = judge.box(image)
        assert box is not None
        made += [
            (UNJUDGEABLE[kind], judge.judge(worse))
            for kind, worse in variants(image, box)
            if kind in UNJUDGEABLE
        ]
    rightly = [found is None or reason in found.reasons for reason, found in made]
    assert sum(rightly) >= 0.95 * len(rightly)


@pytest.mark.parametrize("attack", ["fake_1.jpg", "fake_2.jpg"])
def test_an_attack_does_not_pass_in_any_of_these_forms(judge: Judge, assets: Path, attack: str) -> None:
    """In sepia both have scores of living faces."""
    image = judge.read(assets / "faces" / "spoof" / attack)
    box = judge.box(image)
    assert box is not None
    found = {kind: judge.judge(made) for kind, made in variants(image, box)}
    assert [kind for kind, one in found.items() if one is not None and one.live] == []


def test_one_model_alone_is_enough(models: OnnxModelLibrary) -> None:
    (only,) = models.view_scorers(["minifasnet_v2"])
    assert only.name == "minifasnet_v2"
