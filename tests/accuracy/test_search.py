"""Searches take as many strangers for somebody as they may, however many people are enrolled."""

from application.evaluation.search.gallery_sizes import measure_galleries
from entrypoints.bootstrap.settings import Settings
from tests.accuracy.conftest import FULL, Benchmark


def test_the_rate_holds_while_that_of_a_fixed_threshold_grows(benchmark: Benchmark) -> None:
    settings = Settings()
    photos = benchmark.embedded
    target = settings.target_fmr, settings.target_fpir
    galleries = measure_galleries(photos.vectors, photos.people, settings.default_models, target)
    assert [size.people for size in galleries][:-1] == ([10, 100, 1000] if FULL else [10, 100])
    # Among few people the threshold of a verification is the stricter one.
    assert all(size.fpir <= settings.target_fpir for size in galleries)
    if FULL:  # of few people, too few are taken for somebody to tell
        assert all(size.fpir >= settings.target_fpir / 4 for size in galleries if size.people >= 100)
    assert galleries[-1].fixed > 2 * settings.target_fpir
