"""The use case: what is wrong in a gallery."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

import numpy as np

from application.audit_notes import note
from application.decisions import DecisionPolicy
from application.gallery_calibration import GalleryCalibration
from application.gallery_check.findings import by_person, doubts, like_people, misfit
from application.gallery_check.scores import FaceScores, ScoredFaces
from application.gallery_check.sweep import FacePairs, Sweep
from application.ports.change_feed import GalleryKey
from application.ports.enrolled_vectors import EnrolledVectors, FaceTable, Place
from application.ports.models import ModelLibrary
from application.ports.workers import WorkerPool
from domain.errors import Busy, CollectionNotFound
from domain.gallery_check import LikePeople, MisfitFace, MisfitRule
from domain.people import MAX_ID, FaceId, Profile, ProfileId

P = ParamSpec("P")
R = TypeVar("R")

MOST_COMPARISONS = 5 * 10**8
"""Comparisons of two faces in one call: some five seconds of one core. All of a gallery of 22,000 faces, 500 faces
of one of a million: the next call goes on with the next people."""
MOST_PROBES = 65_536
"""Faces that are checked in one call, whatever the number of comparisons."""
DEADLINE_S = 60.0
"""How long a call may take, beside whatever else the service has to do."""
PAGE_BYTES = 8 << 20
"""Vectors that are read at a time."""
MOST_FACES = 64
"""Faces of each person by whom two people are compared in the end."""
NEAR = 0.75
"""Pairs of people are told of from so many deviations below the threshold on: there the false match rate is some ten
times the accepted one."""
UNLIKE = 100
"""A face that resembles nobody else is doubted if impostors are as similar to its person's other faces at so many
times the accepted rate."""


@dataclass(frozen=True, slots=True)
class GalleryCheck:
    """What was found in a part of a gallery; each list has the surest first."""

    collection: str
    model: str
    people: int
    """Enrolled with this model."""
    faces: int
    """Theirs."""
    checked: int
    """Faces that were compared with all others."""
    duplicates: Sequence[LikePeople]
    """Two people whom a search takes for each other."""
    misfits: Sequence[MisfitFace]
    lookalikes: Sequence[LikePeople]
    """Two people who are only just told apart."""
    profiles: Mapping[ProfileId, Profile]
    """Everybody who is named in the lists."""
    next: ProfileId | None
    """Ask again with it as `after` to check the people who come then; None if these were the last."""

    def then(self, part: "GalleryCheck", limit: int) -> "GalleryCheck":
        """This part and the next as one."""
        misfits = [*self.misfits, *part.misfits]
        lookalikes = [*self.lookalikes, *part.lookalikes]
        duplicates = [*self.duplicates, *part.duplicates]
        return replace(
            part,
            checked=self.checked + part.checked,
            duplicates=sorted(duplicates, key=lambda each: each.rank, reverse=True)[:limit],
            misfits=sorted(misfits, key=lambda each: -each.lead)[:limit],
            lookalikes=sorted(lookalikes, key=lambda each: -each.lead)[:limit],
            profiles={**self.profiles, **part.profiles},
        )


class CheckGallery:
    """Compares a gallery's faces with each other, one check at a time in this process.

    A part of the gallery, its people by ascending id, is compared with all of it: faces x faces comparisons in all,
    of D multiplications each, in memory for MOST_PROBES faces and a page.
    """

    def __init__(
        self,
        models: ModelLibrary,
        policy: DecisionPolicy,
        calibration: GalleryCalibration,
        vectors: EnrolledVectors,
        workers: WorkerPool,
    ) -> None:
        self._models = models
        self._policy = policy
        self._calibration = calibration
        self._vectors = vectors
        self._workers = workers
        self._running = False

    async def execute(
        self,
        collection: str,
        recognition_model: str | None = None,
        *,
        limit: int,
        after: ProfileId | None = None,
        comparisons: int = MOST_COMPARISONS,
        deadline_s: float | None = DEADLINE_S,
    ) -> GalleryCheck:
        """Check the people whose ids come after `after`, as many as the number of comparisons allows.

        Each list has at most `limit` entries. No model is the configured one, and no deadline is none.

        Raises:
            Busy: another check is running, or the deadline has passed.
            CollectionNotFound, UnknownModel, ModelNotInstalled, ModelNotCalibrated, Unavailable.
        """
        if self._running:
            raise Busy("A gallery is being checked already; try again when that is done.")
        self._running = True
        try:
            async with asyncio.timeout(deadline_s):
                return await self._check(collection, recognition_model, limit, after, comparisons)
        except TimeoutError:
            raise Busy(
                "The service has too much to do for a check of the gallery; try again later."
            ) from None
        finally:
            self._running = False

    async def _check(
        self, collection: str, model: str | None, limit: int, after: ProfileId | None, comparisons: int
    ) -> GalleryCheck:
        model = self._models.choose(None, model).recognition
        table = self._policy.table(model)
        stored = await self._calibration.latest(collection, model)
        if stored is None:
            raise CollectionNotFound
        note(model=model)
        cohort = stored.cohort
        gallery = GalleryKey(collection, model, cohort.vectors.shape[1])
        faces = await self._vectors.count(gallery) if len(cohort.vectors) else 0
        scores = FaceScores(table, cohort, self._policy.mode)
        probes, following = await self._probes(gallery, after, comparisons // max(faces, 1), faces)
        search_fmr = self._policy.fmr_for_fpir(max(cohort.people, 1))
        match_fmr = self._policy.target_fmr
        sweep = Sweep(
            scores,
            await self._work(scores.of, probes),
            table.score_at(search_fmr) - NEAR,
            table.threshold_at(min(1.0, max(match_fmr, 10 * search_fmr))),
            5 * limit,
        )
        await self._sweep(sweep, gallery)
        rule = MisfitRule(table.score_at(match_fmr), table.score_at(min(1.0, UNLIKE * match_fmr)))
        misfits = await self._misfits(scores, gallery, sweep, rule, limit)
        like = await self._like_people(scores, gallery, sweep.pairs, search_fmr)
        duplicates = [each for each in like if each.similarity >= each.threshold][:limit]
        near = sorted(like, key=lambda each: -each.lead)
        lookalikes = [each for each in near if each.similarity < each.threshold and each.lead >= -NEAR][
            :limit
        ]
        profiles = await self._profiles(collection, misfits, [*duplicates, *lookalikes])
        there = profiles.keys()
        return GalleryCheck(
            collection,
            model,
            cohort.people,
            faces,
            len(probes),
            [each for each in duplicates if {each.one, each.other} <= there],
            [each for each in misfits if each.person in there],
            [each for each in lookalikes if {each.one, each.other} <= there],
            profiles,
            following,
        )

    async def _probes(
        self, gallery: GalleryKey, after: ProfileId | None, wanted: int, faces: int
    ) -> tuple[FaceTable, ProfileId | None]:
        """All faces of the next people, and the last of them if there are more."""
        start = None if after is None else Place(after, FaceId(MAX_ID))
        limit = max(1, min(wanted, MOST_PROBES))
        page = await self._vectors.page(gallery, limit + 1 if faces else 0, start)
        if len(page) <= limit:
            return page, None
        ids = page.person_ids[: limit + 1]
        whole = int(np.searchsorted(ids, ids[-1]))
        # Of a person with more faces than one call compares, the first ones are checked.
        probes = page.take(slice(0, whole or limit))
        return probes, probes.last.person

    async def _sweep(self, sweep: Sweep, gallery: GalleryKey) -> None:
        rows = max(1, PAGE_BYTES // (4 * max(1, gallery.dimensions)))
        place: Place | None = None
        while tiles := sweep.tiles():
            page = await self._vectors.page(gallery, rows, place)
            if not len(page):
                return
            place = page.last
            for tile in tiles:
                await self._work(sweep.take, tile, page)

    async def _misfits(
        self, scores: FaceScores, gallery: GalleryKey, sweep: Sweep, rule: MisfitRule, limit: int
    ) -> list[MisfitFace]:
        probes = sweep.probes
        found = await self._work(lambda: list(doubts(scores, probes, sweep.best, sweep.person, rule)))
        found = sorted(found, key=lambda doubt: -doubt.lead)[:limit]
        strangers = await self._people(scores, gallery, [each.resembled for each in found if each.resembled])
        fmr = self._policy.target_fmr
        return await self._work(lambda: [misfit(scores, fmr, probes, each, strangers) for each in found])

    async def _like_people(
        self, scores: FaceScores, gallery: GalleryKey, pairs: FacePairs, search_fmr: float
    ) -> list[LikePeople]:
        """Those that a majority of both people's faces speak for come first."""
        people = await self._people(
            scores, gallery, [ProfileId(each) for each in pairs.people.ravel().tolist()]
        )
        match_fmr = self._policy.target_fmr
        found = await self._work(lambda: list(like_people(scores, match_fmr, search_fmr, pairs, people)))
        return sorted(found, key=lambda each: each.rank, reverse=True)

    async def _people(
        self, scores: FaceScores, gallery: GalleryKey, people: Sequence[ProfileId]
    ) -> Mapping[int, ScoredFaces]:
        if not people:
            return {}
        table = await self._vectors.of_people(gallery, people, MOST_FACES)
        return await self._work(lambda: by_person(scores.of(table)))

    async def _profiles(
        self, collection: str, misfits: Sequence[MisfitFace], pairs: Sequence[LikePeople]
    ) -> Mapping[ProfileId, Profile]:
        people = {each.person for each in misfits} | {
            each.resembles.person for each in misfits if each.resembles is not None
        }
        people |= {person for each in pairs for person in (each.one, each.other)}
        return await self._vectors.profiles(collection, sorted(people)) if people else {}

    async def _work(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Have a worker do something; photos that wait have their turns in between."""
        while True:
            try:
                return await self._workers.run(work, *args, **kwargs)
            except Busy:
                await self._workers.vacancy()
