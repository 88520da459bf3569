"""Searches by estimated embeddings, and the closer ones of what is doubtful."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from application.analysis.embedding import Fidelity
from application.analysis.options import PhotoOptions
from application.analysis.selection import FaceSelection
from application.recognition import EmbedFaces, RecognitionOptions
from domain import errors
from domain.faces import Crop
from domain.identification import Verdict
from domain.people import ProfileId
from domain.quality import Measure, QualityBounds
from tests.unit.application.in_memory_service import InMemoryService
from tests.unit.fakes import BLUE, GREEN, RED, ColourModels, photo
from tests.unit.vision import ColourEmbedder

GREY = (90, 90, 90)
UNCLEAR = 300
"""Vectors shorter than this are of unclear faces: grey ones ..."""
DIM = (104, 104, 104)
FAINT = 200
"""... and than this of faint ones."""
ESTIMATED = 0.97
"""Similarity of an estimate to its embedding, about."""
NEAR = 0.93
"""A threshold so near that an estimate leaves doubt, a closer one doesn't."""


@dataclass(frozen=True)
class Estimating(ColourEmbedder):
    """Counts the faces that it embeds, those that it estimates, and those that it estimates closely."""

    exact: list[int] = field(default_factory=list)
    estimated: list[int] = field(default_factory=list)
    closely: list[int] = field(default_factory=list)

    def embed_raw(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        self.exact.append(len(crops))
        return super().embed_raw(crops)

    @property
    def estimates(self) -> bool:
        return True

    def estimate(self, crops: Sequence[Crop], *, closely: bool = False) -> NDArray[np.float32]:
        (self.closely if closely else self.estimated).append(len(crops))
        raw = super().embed_raw(crops)
        aside = np.random.default_rng(1).standard_normal(self.dimensions)
        shift = (
            (0.02 if closely else 0.25)
            * np.linalg.norm(raw, axis=1, keepdims=True)
            * aside
            / np.linalg.norm(aside)
        )
        return np.asarray(raw + shift, dtype=np.float32)

    @property
    def usual_norm(self) -> float | None:
        return 1.0

    def relative_norms(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """As if that of a clear face were usual."""
        norms = np.linalg.norm(raw, axis=1)
        return np.where(norms < FAINT, 0.3, np.where(norms < UNCLEAR, 0.5, 1)).astype(np.float32)


@pytest.fixture
def embedder() -> Estimating:
    return Estimating()


@pytest.fixture
def matched() -> list[ProfileId]:
    return []


@pytest.fixture
async def service(embedder: Estimating, matched: list[ProfileId]) -> InMemoryService:
    service = InMemoryService(matched=matched.append)
    models = service.reader.analyser.models
    assert isinstance(models, ColourModels)
    models.embedders["colour"] = embedder
    for name, colour in (("Red", RED), ("Green", GREEN)):
        await service.enrol(name, photo(colour))
    assert (embedder.exact, embedder.estimated) == ([1, 1], [])
    embedder.exact.clear()
    return service


async def test_a_clear_match_is_found_by_its_estimate(
    service: InMemoryService, embedder: Estimating, matched: list[ProfileId]
) -> None:
    face, decision = await service.recognize.execute(photo(RED), RecognitionOptions(threshold=0.8))
    assert decision.people[0].name == "Red"
    assert decision.people[0].similarity == pytest.approx(ESTIMATED, abs=0.02)
    assert (embedder.exact, face.estimated, len(matched)) == ([], True, 1)


async def test_who_asks_for_similarities_gets_those_of_embeddings(
    service: InMemoryService, embedder: Estimating
) -> None:
    (found,) = await service.identify.execute(photo(RED), RecognitionOptions(), estimate=False)
    assert found.decision is not None
    assert found.decision.people[0].similarity == pytest.approx(1)
    assert (embedder.exact, embedder.estimated) == ([1], [])


async def test_a_clear_stranger_is_unknown_by_an_estimate(
    service: InMemoryService, embedder: Estimating
) -> None:
    with pytest.raises(errors.NoMatch):
        await service.who(photo(BLUE), RecognitionOptions(threshold=0.9))
    assert embedder.exact == []


async def test_what_is_doubtful_is_decided_by_a_closer_estimate(
    service: InMemoryService, embedder: Estimating, matched: list[ProfileId]
) -> None:
    face, decision = await service.recognize.execute(photo(RED), RecognitionOptions(threshold=NEAR))
    assert decision.people[0].similarity == pytest.approx(1, abs=1e-3)
    assert (embedder.closely, embedder.exact, face.fidelity, len(matched)) == (
        [1],
        [],
        Fidelity.BOTH_VIEWS,
        1,
    )


async def test_what_is_still_doubtful_is_decided_by_the_embedding(
    service: InMemoryService, embedder: Estimating, matched: list[ProfileId]
) -> None:
    face, decision = await service.recognize.execute(photo(RED), RecognitionOptions(threshold=0.999))
    assert decision.people[0].similarity == pytest.approx(1)
    assert (embedder.closely, embedder.exact, face.estimated, len(matched)) == ([1], [1], False, 1)


async def test_only_the_doubtful_faces_of_a_photo_are_embedded_and_together(
    service: InMemoryService, embedder: Estimating
) -> None:
    options = RecognitionOptions(threshold=0.999, selection=FaceSelection.ALL)
    found = await service.identify.execute(photo(RED, BLUE, GREEN), options)
    verdicts = [each.decision.verdict for each in found if each.decision]
    assert sorted(verdicts) == [Verdict.MATCH, Verdict.MATCH, Verdict.UNKNOWN]
    assert (embedder.estimated, embedder.closely, embedder.exact) == ([3], [2], [2])
    assert [each.face.estimated for each in found] == [verdict is Verdict.UNKNOWN for verdict in verdicts]


async def test_an_unclear_face_is_estimated_closely_and_a_faint_one_embedded_at_once(
    service: InMemoryService, embedder: Estimating
) -> None:
    options = RecognitionOptions(threshold=0.8, selection=FaceSelection.ALL)
    found = await service.identify.execute(photo(RED, GREY, DIM), options)
    fidelities = [each.face.fidelity for each in found]
    assert fidelities == [Fidelity.ONE_VIEW, Fidelity.BOTH_VIEWS, Fidelity.EXACT]
    assert (embedder.estimated, embedder.closely, embedder.exact) == ([3], [2], [1])
    exact = embedder.embed([each.face.crop for each in found if each.face.crop is not None])
    np.testing.assert_array_equal(found[2].face.embedding.vector, exact[2])


@pytest.mark.parametrize(("bound", "fidelity"), [(0.43, Fidelity.BOTH_VIEWS), (0.44, Fidelity.EXACT)])
def test_a_face_whose_norm_is_near_its_bound_is_embedded(
    service: InMemoryService, bound: float, fidelity: Fidelity
) -> None:
    """That of a grey face is 0.5."""
    analyser = service.reader.analyser
    bounds = QualityBounds({Measure.EMBEDDING_NORM: bound})
    (face,) = analyser.analyse(
        photo(GREY).data, analyser.models.choose(None, None), PhotoOptions(), bounds, Fidelity.ONE_VIEW
    )
    assert face.fidelity is fidelity


async def test_doubtful_faces_of_a_photo_are_bettered_together(
    service: InMemoryService, embedder: Estimating
) -> None:
    await service.enrol("Grey", photo(GREY))
    embedder.exact.clear()
    options = RecognitionOptions(threshold=0.999, selection=FaceSelection.ALL)
    found = await service.identify.execute(photo(RED, GREY), options)
    assert [each.face.estimated for each in found] == [False, False]
    assert (embedder.estimated, embedder.closely, embedder.exact) == ([2], [1], [2])


async def test_without_a_usual_norm_nothing_is_estimated(
    service: InMemoryService, embedder: Estimating, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Estimating, "usual_norm", None)
    await service.recognize.execute(photo(RED), RecognitionOptions(threshold=0.8))
    assert (embedder.estimated, embedder.exact) == ([], [1])


async def test_a_photo_and_a_person(
    service: InMemoryService, embedder: Estimating, matched: list[ProfileId]
) -> None:
    clear = await service.verify.person(photo(RED), "Red", RecognitionOptions(threshold=0.8))
    other = await service.verify.person(photo(BLUE), "Red", RecognitionOptions(threshold=0.9))
    assert (clear.match, other.match, embedder.exact) == (True, False, [])
    near = await service.verify.person(photo(RED), "Red", RecognitionOptions(threshold=NEAR))
    assert (near.match, embedder.closely, embedder.exact) == (True, [1], [])
    doubtful = await service.verify.person(photo(RED), "Red", RecognitionOptions(threshold=0.999))
    assert (doubtful.match, doubtful.similarity) == (True, pytest.approx(1))
    assert (embedder.exact, len(matched)) == ([1], 3)


async def test_whatever_is_kept_or_given_away_is_embedded(
    service: InMemoryService, embedder: Estimating
) -> None:
    await service.enrol("Red", photo(RED))
    await service.verify.two(photo(RED), photo(RED), RecognitionOptions())
    await EmbedFaces(service.reader).execute(photo(RED), PhotoOptions())
    assert (embedder.exact, embedder.estimated) == ([1, 1, 1, 1], [])
