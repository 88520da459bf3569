import pytest

from domain.errors import InvalidMetadata
from domain.metadata import JSON, MAX_METADATA_BYTES, MAX_METADATA_DEPTH, Metadata, person_metadata


def nested(levels: int) -> dict[str, JSON]:
    value: dict[str, JSON] = {}
    for _ in range(levels):
        value = {"": value}
    return value


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"": [None, True, 1, -1.5, "ä\n", {"deep": []}]},
        {"n": 2**53},
        {"a": "x" * (MAX_METADATA_BYTES - len('{"a": ""}'))},
        nested(MAX_METADATA_DEPTH),
    ],
    ids=["empty", "all kinds", "great", "long", "deep"],
)
def test_what_every_store_keeps_is_taken_as_it_is(metadata: Metadata) -> None:
    assert person_metadata(metadata) is metadata


@pytest.mark.parametrize(
    "metadata",
    [
        {"a": "x" * (MAX_METADATA_BYTES - len('{"a": ""}') + 1)},
        {"a": "\u5b89" * (MAX_METADATA_BYTES // 3)},
        nested(MAX_METADATA_DEPTH + 1),
        {"a": ["nul\0"]},
        {"nul\0": 1},
        {"a": "\ud800"},
        {"a": 2**53 + 1},
        {"a": -(10**400)},
        {"a": float("inf")},
        {"a": [float("nan")]},
    ],
    ids=["long", "long in UTF-8", "deep", "NUL", "NUL key", "surrogate", "great", "huge", "infinite", "NaN"],
)
def test_what_stores_disagree_on_is_refused(metadata: Metadata) -> None:
    with pytest.raises(InvalidMetadata):
        person_metadata(metadata)
