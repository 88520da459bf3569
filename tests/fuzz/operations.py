"""The operations without photos, and what their parameters and JSON bodies have, more or less as they should be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Operation:
    """A method, a path with `{}` where a value goes, and what the operation takes."""

    method: str
    path: str
    parameters: Sequence[str] = ()
    keys: Sequence[str] = ()
    """Of the JSON object; none: the operation has no body."""
    values: Sequence[str] = field(default=())
    """What goes into the path; empty: any value."""


IDS = (*map(str, range(1, 60)), "0", "-1", "x", "9007199254740992", "%31")
KEY_IDS = (*map(str, range(2, 60)), "0", "-1", "x", "9007199254740992")
"""Not 1: that is the key of the requests."""
COLLECTIONS = ("default", "a", "b", "c", "%C3%A9", "A" * 65, "..")
_PAGE = ("limit", "after")

OPERATIONS = (
    Operation("GET", "/api/face", ("name", "profile_id", "recognition_model", "collection", *_PAGE)),
    Operation("DELETE", "/api/face/{}", ("collection",), values=IDS),
    Operation("POST", "/api/face/{}/move", ("profile_id", "collection"), values=IDS),
    Operation("GET", "/api/profile", ("name", "metadata", "collection", *_PAGE)),
    Operation("POST", "/api/profile", ("collection",), ("name", "metadata")),
    Operation("GET", "/api/profile/{}", ("collection",), values=IDS),
    Operation("GET", "/api/profile/{}/export", ("collection", *_PAGE), values=IDS),
    Operation("PATCH", "/api/profile/{}", ("collection",), ("name", "metadata"), IDS),
    Operation("POST", "/api/profile/{}/merge", ("into", "collection"), values=IDS),
    Operation("DELETE", "/api/profile/{}", ("collection",), values=IDS),
    Operation("GET", "/api/collection", _PAGE),
    Operation("POST", "/api/collection", (), ("name", "retention_days", "retention_from")),
    Operation("PATCH", "/api/collection/{}", (), ("retention_days", "retention_from"), COLLECTIONS),
    Operation("DELETE", "/api/collection/{}", values=COLLECTIONS),
    Operation("GET", "/api/collection/{}/calibration", ("recognition_model",), values=COLLECTIONS),
    Operation("GET", "/api/gallery/check", ("collection", "recognition_model", *_PAGE)),
    Operation("GET", "/api/key"),
    Operation("POST", "/api/key", (), ("name", "scopes", "collections", "expires_at", "concurrent_photos")),
    Operation("PATCH", "/api/key/{}", (), ("requests_per_minute", "concurrent_photos"), KEY_IDS),
    Operation("POST", "/api/key/{}/rotate", ("overlap",), values=KEY_IDS),
    Operation("DELETE", "/api/key/{}", values=KEY_IDS),
    Operation("GET", "/api/audit", ("profile_id", "key_id", "since", "until", *_PAGE)),
    Operation("GET", "/api/model"),
    Operation("GET", "/metrics"),
    Operation("GET", "/openapi.json"),
    Operation("GET", "/health/ready"),
    Operation("GET", "/console", ("name",)),
    Operation("GET", "/console/{}", values=("console.css", "x.js", "..%2Findex.html", "%00", "a" * 300)),
    Operation("GET", "/docs/{}", values=("favicon.png", "..%2F..%2Fetc%2Fpasswd", "%00")),
    Operation("POST", "/api/face/liveness/session", ("detection_model", "recognition_model", "mirrored")),
    Operation("GET", "/{}"),
)

USUAL: Mapping[str, Sequence[object]] = {
    "name": ("Ada", "a", "b", "c", "Z\u00f6e"),
    "metadata": ({}, {"a": 1}, {"team": "x", "tags": ["a", "b"]}, {"deep": {"er": {"still": None}}}),
    "retention_days": (1, 30, 36_500, 36_501, None),
    "retention_from": ("registration", "last_match", "enrolment", None),
    "scopes": (["detect"], ["recognize", "enrol"], ["manage"], [], ["root"], ["detect"] * 50),
    "collections": (["default"], ["a", "b"], [], ["x"] * 101, ["\u0000"]),
    "expires_at": (
        "2999-01-01T00:00:00Z",
        "1999-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999-12:00",
        "soon",
    ),
    "requests_per_minute": (0, 60, 1_000_000, 1_000_001, None),
    "concurrent_photos": (0, 1, 10_000, -1, None),
}
"""Values that some operation takes, and some that almost fit."""

USUAL_PARAMETERS: Mapping[str, Sequence[str]] = {
    "limit": ("1", "100", "1000", "1001"),
    "after": ("0", "5", "99999", "MQ==", "eyJhIjoxfQ", "9007199254740991"),
    "since": ("2020-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2020-02-30"),
    "until": ("2999-01-01T00:00:00Z", "2020-01-01", "2020-01-01T24:00:00Z"),
    "collection": ("default", "a", "b"),
    "key_id": ("1", "2", "0"),
    "into": IDS,
    "profile_id": IDS,
    "overlap": ("0", "60", "7776000", "7776001"),
    "mirrored": ("true", "false", "maybe"),
}
