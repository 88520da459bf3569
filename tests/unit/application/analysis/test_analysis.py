"""The pipeline of one image: what each model is given."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from application.analysis.detection import LocatedFaces
from application.analysis.extraction import LocalExtractor
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.ports.effort import Interrupted, interruptible
from application.ports.extraction import ExtractionOptions
from domain.faces import Crop, DetectedFace, Image
from domain.models import Alignment, ModelChoice
from tests.unit.fakes import BLUE, GREEN, RED, ColourModels, analyser, photo


@dataclass
class OneColour:
    """Implements FaceAligner; the colour says who has aligned."""

    colour: int

    def align(self, image: Image, face: DetectedFace) -> Crop:
        return np.full((4, 4, 3), self.colour, np.uint8)

    def locate(self, image: Image, face: DetectedFace) -> DetectedFace:
        return face


class Either(ColourModels):
    """One of its recognisers wants refined landmarks."""

    def alignment(self, recognition: str) -> Alignment:
        return Alignment.REFINED if recognition == "hue" else Alignment.DETECTED


@pytest.mark.parametrize(("recognition", "colour"), [("colour", 10), ("hue", 20)])
def test_crops_are_aligned_as_the_recogniser_wants_them(recognition: str, colour: int) -> None:
    aligners = {Alignment.DETECTED: OneColour(10), Alignment.REFINED: OneColour(20)}
    pipeline = replace(analyser(), aligners=aligners, models=Either())
    choice = ModelChoice("colour", recognition)
    (face,) = pipeline.analyse(photo(RED).data, choice, PhotoOptions(selection=FaceSelection.SINGLE))
    assert face.crop is not None
    assert (face.crop == colour).all()


@pytest.mark.parametrize(("allowed", "widths", "left_out"), [(3, [40, 60, 20], None), (2, [40, 60], 1)])
def test_of_more_faces_than_are_allowed_the_largest_and_how_many_are_left_out(
    allowed: int, widths: list[int], left_out: int | None
) -> None:
    data = photo(RED, GREEN, BLUE, sizes=(40, 60, 20)).data
    choice = ModelChoice("colour", "colour")
    pipeline = replace(analyser(), max_faces=allowed)
    found = pipeline.analyse(data, choice, PhotoOptions(selection=FaceSelection.ALL))
    assert [face.detected.box.width for face in found if face.detected] == widths
    assert {face.faces_left_out for face in found} == {left_out}


def test_a_crowd_can_be_stopped_before_its_faces_are_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    locate = LocalExtractor.locate

    def locate_crowd(extractor: LocalExtractor, data: bytes, options: ExtractionOptions) -> LocatedFaces:
        located = locate(extractor, data, options)
        return replace(located, faces=40 * located.faces)

    monkeypatch.setattr(LocalExtractor, "locate", locate_crowd)
    data, options = photo(RED).data, PhotoOptions(selection=FaceSelection.ALL)
    choice = ModelChoice("colour", "colour")
    with interruptible(lambda seconds: seconds < 0.25), pytest.raises(Interrupted):
        analyser().analyse(data, choice, options)
    with interruptible(lambda seconds: seconds < 5):
        assert len(analyser().analyse(data, choice, options)) == 40
