"""Settings that have no effect are named."""

import pytest

from entrypoints.bootstrap.settings import load_settings
from entrypoints.bootstrap.unused import unused_settings


@pytest.mark.parametrize(
    ("given", "unused"),
    [
        ({}, ""),
        ({"SERVICE_CERTIFICATE": "a.pem", "SERVICE_CERTIFICATE_KEY": "a.key"}, "the API has no TLS"),
        ({"SERVICE_KEY": "0123456789abcdef"}, "no model service"),
        (
            {"INDEX_TOKEN": "user:password", "INDEX_CA": "a.pem", "INDEX_TYPE": "SCANN"},
            "FACE_INDEX_URL is not",
        ),
    ],
)
def test_what_is_given_in_vain_is_named(given: dict[str, str], unused: str) -> None:
    settings = load_settings({f"FACE_{key}": value for key, value in given.items()})
    lines = list(unused_settings(settings))
    assert [line.split()[0] for line in lines] == [f"FACE_{key}" for key in given if key != "DATABASE_URL"]
    assert all(unused in line for line in lines)


@pytest.mark.parametrize(
    ("url", "unused"),
    [
        ("https://milvus:19530", []),
        ("http://milvus:19530", ["FACE_INDEX_CA has no effect: FACE_INDEX_URL does not begin with https://"]),
        ("folder", ["FACE_INDEX_CA has", "FACE_INDEX_TOKEN has no effect: FACE_INDEX_URL is a folder"]),
    ],
)
def test_an_address_without_tls_needs_no_authority(url: str, unused: list[str]) -> None:
    given = {"FACE_INDEX_URL": url, "FACE_INDEX_TOKEN": "a:b", "FACE_INDEX_CA": "a.pem"}
    lines = list(unused_settings(load_settings(given)))
    assert len(lines) == len(unused)
    assert all(line.startswith(words) for line, words in zip(lines, unused, strict=True))


def test_what_services_need_is_used_where_there_are_services() -> None:
    given = {"FACE_SERVICE_KEY": "0123456789abcdef", "FACE_DETECTION_URL": "http://detection:5001"}
    assert list(unused_settings(load_settings(given))) == []
