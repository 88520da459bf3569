"""How many faces collections have, for Prometheus."""

from adapters.prometheus.metrics import GalleryFaces


def told(gallery: GalleryFaces) -> dict[tuple[str, str], float]:
    (family,) = gallery.collect()
    return {(sample.labels["model"], sample.labels["collection"]): sample.value for sample in family.samples}


def test_each_collection_is_told_by_model() -> None:
    gallery = GalleryFaces()
    gallery.set({("sface", "staff"): 3, ("sface", "guests"): 2, ("arcface", "staff"): 1})
    assert told(gallery) == {("sface", "staff"): 3, ("sface", "guests"): 2, ("arcface", "staff"): 1}


def test_what_is_gone_is_told_no_more() -> None:
    gallery = GalleryFaces()
    gallery.set({("sface", "staff"): 3})
    gallery.set({})
    assert told(gallery) == {}


def test_the_largest_are_named_and_all_others_are_one() -> None:
    gallery = GalleryFaces()
    small = {("sface", f"small-{number}"): 1 for number in range(1000)}
    large = {("sface", f"large-{number}"): 10 for number in range(GalleryFaces.MOST)}
    gallery.set(small | large)
    assert told(gallery) == large | {("sface", GalleryFaces.OTHERS): 1000}
