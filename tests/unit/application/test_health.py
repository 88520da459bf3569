"""Whether requests can be answered."""

from collections.abc import Sequence
from typing import Any

from application.health import CheckReadiness, Readiness
from application.ports.gallery import SearchReadiness, SearchTrouble


class Loaded:
    def loaded(self) -> bool:
        return True


class Answering:
    async def ping(self) -> None:
        pass


class Shared(SearchReadiness):
    """An index elsewhere."""

    @property
    def ready(self) -> bool:
        return True

    @property
    def degraded(self) -> Sequence[SearchTrouble]:
        return ("index_unavailable",)

    @property
    def lag_s(self) -> float:
        return 12.5


async def test_an_index_that_does_not_answer_is_told_and_requests_are_answered() -> None:
    models: Any = Loaded()
    repository: Any = Answering()
    assert await CheckReadiness(models, repository).execute() == Readiness(writable=True)
    found = await CheckReadiness(models, repository, Shared()).execute()
    assert found == Readiness(writable=True, degraded=("index_unavailable",), index_lag_s=12.5)
