"""A request for every operation that a key may send."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.unit.fakes import BLUE, GREEN, RED, photo

COLOURS = {"red": RED, "green": GREEN, "blue": BLUE}


@dataclass(frozen=True)
class Target:
    """What a request is about."""

    collections: tuple[str, ...]
    """That it names; the default one if there is none, an error if there are several."""
    person: int
    second: int
    """Another person, of a merge, or who gets a face."""
    face: int
    name: str
    colour: str
    in_json: bool
    """Whether the photo is sent in JSON."""


Fields = dict[str, Any]
"""Arguments of a request of httpx."""


def _photo(target: Target) -> bytes:
    return photo(COLOURS[target.colour]).data


def _image(target: Target, **parameters: Any) -> Fields:
    where = {"params": {**_where(target), **parameters}}
    if target.in_json:
        return {**where, "json": {"image": base64.b64encode(_photo(target)).decode()}}
    return {**where, "files": {"image": ("photo", _photo(target))}}


def _batch(target: Target) -> Fields:
    return {"params": _where(target), "data": {"names": [target.name]}, "files": [("images", _photo(target))]}


def _where(target: Target) -> Fields:
    return {"collection": list(target.collections)} if target.collections else {}


def _nothing(_: Target) -> Fields:
    return {}


def _listed(target: Target) -> Fields:
    return {"params": {**_where(target), "limit": 1}}


def _plain(target: Target) -> Fields:
    return {"params": _where(target)}


def _alone(target: Target) -> Fields:
    fields = _image(target)
    fields["params"] = {}
    return fields


def _into(target: Target) -> Fields:
    return {"params": {**_where(target), "into": target.second}}


OPERATIONS: Mapping[tuple[str, str], Callable[[Target], Fields]] = {
    ("POST", "/api/face/detect"): _alone,
    ("POST", "/api/face/embed"): _alone,
    ("POST", "/api/face/liveness"): _alone,
    ("POST", "/api/face/liveness/session"): _nothing,
    ("GET", "/api/face/liveness/session/{session_id}"): _nothing,
    ("POST", "/api/face/liveness/session/{session_id}/frame"): lambda target: {
        "data": {"nonce": "x"},
        "files": {"image": ("photo", _photo(target))},
    },
    ("POST", "/api/face/recognize"): lambda target: _image(target, top_k=5),
    ("POST", "/api/face/search"): lambda target: _image(target, top_k=5),
    ("POST", "/api/face/verify"): lambda target: _image(target, profile_id=target.person),
    ("POST", "/api/face/register"): lambda target: _image(
        target, **({"name": target.name} if target.second % 2 else {"profile_id": target.person})
    ),
    ("POST", "/api/face/register/batch"): _batch,
    ("GET", "/api/face"): _listed,
    ("POST", "/api/face/{face_id}/move"): lambda target: {
        "params": {**_where(target), "profile_id": target.second}
    },
    ("DELETE", "/api/face/{face_id}"): _plain,
    ("GET", "/api/profile"): lambda target: {
        "params": {**_where(target), "limit": 1, "after": target.second % 2}
    },
    ("POST", "/api/profile"): lambda target: {"params": _where(target), "json": {"name": target.name}},
    ("GET", "/api/profile/{profile_id}"): _plain,
    ("GET", "/api/profile/{profile_id}/export"): _plain,
    ("PATCH", "/api/profile/{profile_id}"): lambda target: {
        "params": _where(target),
        "json": {"name": target.name},
    },
    ("DELETE", "/api/profile/{profile_id}"): _plain,
    ("POST", "/api/profile/{profile_id}/merge"): _into,
    ("GET", "/api/collection"): _nothing,
    ("POST", "/api/collection"): lambda target: {"json": {"name": (*target.collections, "mine")[0]}},
    ("GET", "/api/collection/{name}/calibration"): _nothing,
    ("PATCH", "/api/collection/{name}"): lambda target: {"json": {"retention_days": 1 + target.second % 9}},
    ("DELETE", "/api/collection/{name}"): _nothing,
    ("GET", "/api/gallery/check"): _plain,
    ("GET", "/api/key"): _nothing,
    ("POST", "/api/key"): lambda _: {"json": {"name": "mine", "scopes": ["admin"]}},
    ("POST", "/api/key/{key_id}/rotate"): _nothing,
    ("PATCH", "/api/key/{key_id}"): lambda _: {"json": {"concurrent_photos": 1}},
    ("DELETE", "/api/key/{key_id}"): _nothing,
    ("GET", "/api/audit"): _nothing,
    ("GET", "/api/model"): _nothing,
    ("GET", "/metrics"): _nothing,
    ("GET", "/health/live"): _nothing,
    ("GET", "/health/ready"): _nothing,
    ("GET", "/"): _nothing,
    ("GET", "/console"): _nothing,
    ("GET", "/openapi.json"): _nothing,
}
"""By method and path template, as the access table has them: what is sent."""

CHANGES = frozenset(
    operation
    for operation in OPERATIONS
    if operation[0] != "GET"
    and operation[1].rpartition("/")[2]
    not in {"detect", "embed", "liveness", "recognize", "search", "verify"}
)
"""Operations that can't be repeated without another answer."""


def address(template: str, target: Target) -> str:
    """The path of an operation on a target."""
    return template.format(
        face_id=target.face,
        profile_id=target.person,
        name=(*target.collections, "default")[0],
        key_id=1,
        session_id="A" * 32,
    )
