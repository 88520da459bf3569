"""Random requests: methods, paths, parameters, headers and bodies, more or less as they should be."""

import base64
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from tests.fuzz.images import Files

PHOTO_PATHS = ("detect", "embed", "liveness", "recognize", "search", "verify", "register", "register/batch")
OTHER_PATHS = (
    ("GET", "/api/face"),
    ("GET", "/api/profile"),
    ("POST", "/api/profile"),
    ("PATCH", "/api/profile/{}"),
    ("POST", "/api/profile/{}/merge"),
    ("DELETE", "/api/profile/{}"),
    ("DELETE", "/api/face/{}"),
    ("POST", "/api/face/{}/move"),
    ("GET", "/api/collection"),
    ("POST", "/api/collection"),
    ("DELETE", "/api/collection/{}"),
    ("GET", "/api/collection/{}/calibration"),
    ("GET", "/api/model"),
    ("GET", "/openapi.json"),
    ("GET", "/health/ready"),
    ("POST", "/api/face/liveness/session"),
    ("POST", "/api/face/liveness/session/{}/frame"),
    ("GET", "/api/face/liveness/session/{}"),
    ("GET", "/{}"),
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "BREW")
PARAMETERS = (
    "name",
    "profile_id",
    "collection",
    "faces",
    "detection_model",
    "recognition_model",
    "threshold",
    "top_k",
    "metadata",
    "liveness",
    "liveness_session",
    "quality",
    "on_conflict",
    "method",
    "limit",
    "after",
    "into",
    "min_face",
)
_GALLERY = ("collection", "detection_model", "recognition_model", "liveness", "quality")
_SEARCH = (*_GALLERY, "method", "threshold", "faces", "min_face", "top_k", "metadata")
TAKEN: Mapping[str, Sequence[str]] = {
    "detect": ("detection_model", "min_face"),
    "embed": ("detection_model", "recognition_model", "faces", "min_face"),
    "liveness": ("detection_model",),
    "recognize": (*_SEARCH, "liveness_session"),
    "search": _SEARCH,
    "verify": (*_GALLERY, "method", "threshold", "name", "profile_id", "liveness_session"),
    "register": (*_GALLERY, "faces", "on_conflict", "profile_id", "liveness_session"),
    "register/batch": (*_GALLERY, "faces", "on_conflict"),
    "": ("name", "profile_id", "collection", "metadata", "limit", "after", "into", "recognition_model"),
}
"""The parameters of an operation, by its path; of those without photos, whatever they have together."""
VALUES: Sequence[str] = (
    "Ada",
    "1",
    "0",
    "-1",
    "9007199254740993",
    "1e999",
    "nan",
    "true",
    "largest",
    "all",
    "single",
    "sface",
    "yunet",
    "arcface",
    "observe",
    "nearest",
    "default",
    "0.5",
    '{"a": 1}',
    "[" * 100,
    "{" * 2000,
    "",
    " ",
    "\0",
    "\u202e\u0301\ud7ff",
    "a" + "\u0301\u0323" * 500,
    "x" * 5000,
    "';DROP TABLE face;--",
    "../../etc/passwd",
)
HEADERS = (
    "Accept",
    "Authorization",
    "Content-Type",
    "Expect",
    "Forwarded",
    "Idempotency-Key",
    "Origin",
    "Range",
    "X-API-Key",
    "X-Forwarded-Prefix",
)
HEADER_VALUES = (
    "",
    "x",
    "a" * 3000,
    "bytes=0-1",
    "Bearer x",
    "multipart/form-data; boundary=",
    "image/jpeg",
    "100-continue",
    "\u00e9",
)
JSON_VALUES: Sequence[object] = (
    None,
    True,
    0,
    -1,
    1e308,
    2**70,
    "",
    "Ada",
    [],
    {},
    [[[[]]]],
    {"a": {"b": [1]}},
    "\u0000",
    "x" * 9000,
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it goes over the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    cut: int | None = None
    """The body ends after so many bytes, and the connection with it."""

    def head(self, host: str) -> bytes:
        """The request line and headers."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body or self.method in {"POST", "PUT", "PATCH"}:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace")


@dataclass(slots=True)
class Requests:
    """Makes requests; equal seeds and faces make equal ones."""

    dice: random.Random
    faces: Sequence[bytes]
    files: Files = field(init=False)

    def __post_init__(self) -> None:
        self.files = Files(self.dice, self.faces)

    def any(self) -> Request:
        """A request of any kind."""
        dice = self.dice
        make = dice.choices((self._photo, self._json_photo, self._other, self._odd), (4, 2, 5, 2))[0]
        request = make()
        if request.body and dice.random() < 0.03:
            return Request(
                request.method,
                request.target,
                request.headers,
                request.body,
                dice.randrange(len(request.body)),
            )
        return request

    def _photo(self) -> Request:
        dice = self.dice
        name = dice.choice(PHOTO_PATHS)
        boundary = dice.choice(("boundary", "-", "x" * 70))
        parts = []
        fields = self._fields(name)
        if dice.random() < 0.3:
            fields = [*fields, dice.choice(TAKEN[name] if dice.random() < 0.9 else PARAMETERS)]
        for field_name in fields:
            data = self.files.archive() if field_name == "archive" else self.files.any()
            if field_name in {"names", *PARAMETERS}:
                data = self._value().encode(errors="surrogatepass")
            disposition = f'form-data; name="{field_name}"'
            if dice.random() < 0.9:
                disposition += '; filename="photo.jpg"'
            parts.append(
                f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + data + b"\r\n"
            )
        end = f"--{boundary}--\r\n".encode() if dice.random() < 0.97 else b""
        kind = f"multipart/form-data; boundary={boundary}" if dice.random() < 0.97 else "multipart/form-data"
        return Request(
            "POST", f"/api/face/{name}{self._query(name)}", (("Content-Type", kind),), b"".join(parts) + end
        )

    def _fields(self, name: str) -> list[str]:
        dice = self.dice
        if name == "verify":
            usual = ["image1", "image2"]
        elif name == "register/batch":
            usual = dice.choice((["names", "images"], ["name", "image", "name", "image"], ["archive"]))
        else:
            usual = ["image"]
        if dice.random() < 0.1:
            usual = [*usual, dice.choice(("image", "images", "name", "archive", "other", "\u00e9", ""))]
        return usual[: dice.choice((len(usual), len(usual), len(usual), 0))]

    def _json_photo(self) -> Request:
        dice = self.dice
        name = dice.choice(PHOTO_PATHS[:-1])
        body: dict[str, object] = {}
        for field_name in self._fields(name):
            text = base64.b64encode(self.files.any()).decode()
            body[field_name] = dice.choice((text, "data:image/jpeg;base64," + text, text[:-1], text + "\n"))
        if dice.random() < 0.2:
            length = dice.choice((128, 128, 127, 512, 0))
            body = {"embedding": [dice.gauss(0, 1) for _ in range(length)]}
        if dice.random() < 0.1:
            body[dice.choice(("image", "embedding", "x"))] = dice.choice(JSON_VALUES)
        return self._json("POST", f"/api/face/{name}{self._query(name)}", body)

    def _other(self) -> Request:
        dice = self.dice
        method, path = dice.choice(OTHER_PATHS)
        path = path.format(quote(self._value(), safe=""))
        target = path + self._query("")
        if method in {"GET", "DELETE"}:
            return Request(method, target)
        keys = ("name", "metadata", "image", "nonce", "other")
        return self._json(
            method, target, {key: dice.choice(JSON_VALUES) for key in dice.sample(keys, dice.randint(0, 3))}
        )

    def _odd(self) -> Request:
        dice = self.dice
        _, path = dice.choice(OTHER_PATHS)
        headers = [(dice.choice(HEADERS), dice.choice(HEADER_VALUES)) for _ in range(dice.randint(0, 5))]
        path = path.format(dice.choice(("%ff%fe", "%00", "%2e%2e%2f", "a" * 3000, "%c3%a9")))
        body = dice.randbytes(dice.choice((0, 10, 5000)))
        return Request(dice.choice(METHODS), path + self._query(""), tuple(headers), body)

    def _json(self, method: str, target: str, body: object) -> Request:
        text = json.dumps(body, ensure_ascii=self.dice.random() < 0.5).encode(errors="surrogatepass")
        damage = self.dice.random()
        if damage < 0.05:
            text = text[: self.dice.randrange(len(text) + 1)]
        elif damage < 0.08:
            text = b"[" * self.dice.choice((10, 1000, 20_000))
        return Request(method, target, (("Content-Type", "application/json"),), text)

    def _query(self, name: str) -> str:
        dice = self.dice
        known = PARAMETERS if dice.random() < 0.2 else TAKEN[name]
        number = min(len(known), dice.choice((0, 0, 0, 1, 1, 2, 4)))
        chosen = [(key, self._value()) for key in dice.sample(known, number)]
        if name == "register" and dice.random() < 0.8:
            chosen.append(("name", dice.choice(("Ada", "Grace", "Z\u00f6e", str(dice.randint(0, 500))))))
        if not chosen:
            return ""
        return "?" + "&".join(f"{key}={quote(value, safe='', errors='replace')}" for key, value in chosen)

    def _value(self) -> str:
        dice = self.dice
        return dice.choice(VALUES) if dice.random() < 0.7 else str(dice.randint(-5, 2000))
