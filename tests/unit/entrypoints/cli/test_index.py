"""What `face-api index` prints."""

from adapters.gallery_index.milvus.status import GalleryStatus, SeriesStatus
from adapters.gallery_index.milvus.verification import Drift
from entrypoints.cli.index import drift_lines, status_lines


def gallery(collection: str, *, filled: bool, pending: int | None) -> GalleryStatus:
    return GalleryStatus(
        collection=collection, model="sface", faces=12_000, indexed=11_990, filled=filled, pending=pending
    )


def test_the_state_is_a_table_of_galleries() -> None:
    galleries = [
        gallery("default", filled=True, pending=10),
        gallery("staff", filled=False, pending=None),
    ]
    series = SeriesStatus(
        series="face_sface_128", serving="g1", index_type="FLAT", building="g2", galleries=galleries
    )
    assert [line.split() for line in status_lines([series])] == [
        ["face_sface_128:", "g1"],
        ["unfinished:", "g2"],
        ["collection", "faces", "in", "the", "index", "searched", "pending"],
        ["default", "12,000", "11,990", "yes", "10"],
        ["staff", "12,000", "11,990", "being", "filled", "many"],
    ]
    assert status_lines([]) == ["no faces, and no index"]


def test_differences_are_a_table_of_galleries() -> None:
    same = Drift(collection="default", model="sface", filled=True, checked=5)
    other = Drift(collection="staff", model="sface", filled=True, checked=5, missing=1, stale=2, orphaned=3)
    mended = Drift(collection="guests", model="sface", filled=True, checked=5, missing=1, repaired=True)
    empty = Drift(collection="new", model="sface", filled=False)
    assert [line.split()[-6:] for line in drift_lines([same, other, mended])[1:]] == [
        ["sface", "5", "0", "0", "0", "equal"],
        ["sface", "5", "1", "2", "3", "differs"],
        ["sface", "5", "1", "0", "0", "repaired"],
    ]
    assert drift_lines([empty])[1].split()[-2:] == ["being", "filled"]
    assert drift_lines([]) == ["no index"]
