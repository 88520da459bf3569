"""Random requests: methods, paths, parameters, headers and bodies, more or less as they should be."""

import base64
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from tests.fuzz.images import Files
from tests.fuzz.operations import IDS, OPERATIONS, USUAL, USUAL_PARAMETERS, Operation
from tests.fuzz.vocabulary import (
    HEADER_VALUES,
    HEADERS,
    JSON_VALUES,
    METHODS,
    PARAMETERS,
    PHOTO_PATHS,
    RAW_TYPES,
    TAKEN,
    VALUES,
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
    chunk: int = 0
    """Bytes of a chunk of the body; 0: it is sent as a whole, with its length."""

    def wire(self, host: str) -> bytes:
        """As it is sent."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.chunk:
            lines.append("Transfer-Encoding: chunked")
        elif self.body or self.method in {"POST", "PUT", "PATCH"}:
            lines.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace")
        body = self.body[: self.cut]
        if not self.chunk:
            return head + body
        chunks = [body[at : at + self.chunk] for at in range(0, len(body), self.chunk)]
        sent = b"".join(b"%x;name=value\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
        return head + sent + (b"" if self.cut is not None else b"0\r\nX-Trailer: 1\r\n\r\n")


@dataclass(frozen=True, slots=True)
class Known:
    """What a client of the service knows."""

    secret: str | None = None
    """An administrator's API key."""
    sessions: Sequence[tuple[str, str]] = (("none", "none"),)
    """Ids of liveness sessions, and the number that belongs to the next frame of each."""


@dataclass(slots=True)
class Requests:
    """Makes requests; equal seeds and faces make equal ones."""

    dice: random.Random
    faces: Sequence[bytes]
    known: Known = Known()
    files: Files = field(init=False)

    def __post_init__(self) -> None:
        self.files = Files(self.dice, self.faces)

    def any(self) -> Request:
        """A request of any kind."""
        dice = self.dice
        makes = (self._photo, self._json_photo, self._raw_photo, self._frame, self._other, self._odd)
        made = dice.choices(makes, (4, 2, 1, 1, 6, 2))[0]()
        if self.known.secret is not None and dice.random() < 0.97:
            made = replace(made, headers=(*made.headers, ("X-API-Key", self.known.secret)))
        if made.body and dice.random() < 0.05:
            made = replace(made, chunk=dice.choice((7, 1000, 1 << 16)))
        if made.body and dice.random() < 0.03:
            made = replace(made, cut=dice.randrange(len(made.body)))
        return made

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

    def _raw_photo(self) -> Request:
        """The photo is the whole body."""
        name, kind = self.dice.choice(PHOTO_PATHS), self.dice.choice(RAW_TYPES)
        return Request(
            "POST", f"/api/face/{name}{self._query(name)}", (("Content-Type", kind),), self.files.any()
        )

    def _frame(self) -> Request:
        """A frame of a liveness session, or a look at one."""
        dice = self.dice
        session, nonce = dice.choice(self.known.sessions)
        path = f"/api/face/liveness/session/{session}"
        if dice.random() < 0.1:
            return Request("GET", path)
        image = base64.b64encode(self.files.any()).decode()
        return self._json("POST", f"{path}/frame", {"nonce": nonce, "image": image})

    def _other(self) -> Request:
        dice = self.dice
        operation = dice.choice(OPERATIONS)
        value = dice.choice(operation.values) if operation.values else quote(self._value(), safe="")
        target = operation.path.format(value) + self._query_of(operation)
        if not operation.keys:
            return Request(operation.method, target)
        keys = [key for key in operation.keys if dice.random() < 0.7]
        if dice.random() < 0.1:
            keys.append("other")
        body: dict[str, object] = {
            key: dice.choice(USUAL[key] if key in USUAL and dice.random() < 0.8 else JSON_VALUES)
            for key in keys
        }
        return self._json(operation.method, target, body)

    def _odd(self) -> Request:
        dice = self.dice
        operation = dice.choice(OPERATIONS)
        headers = [(dice.choice(HEADERS), dice.choice(HEADER_VALUES)) for _ in range(dice.randint(0, 5))]
        odd = ("%ff%fe", "%00", "%2e%2e%2f", "a" * 3000, "%c3%a9")
        # The key of the requests must not be revoked.
        path = operation.path.format(dice.choice(odd if "key" in operation.path else (*odd, *IDS)))
        body = dice.randbytes(dice.choice((0, 10, 5000)))
        return Request(dice.choice(METHODS), path + self._query_of(operation), tuple(headers), body)

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
        chosen = self._chosen(PARAMETERS if dice.random() < 0.2 else TAKEN[name], (0, 0, 0, 1, 1, 2, 4))
        if name == "register" and dice.random() < 0.8:
            chosen.append(("name", dice.choice(("Ada", "Grace", "Z\u00f6e", str(dice.randint(0, 500))))))
        return _encoded(chosen)

    def _query_of(self, operation: Operation) -> str:
        known = PARAMETERS if self.dice.random() < 0.05 else operation.parameters
        return _encoded(self._chosen(known, (0, 1, 1, 2, 3)))

    def _chosen(self, known: Sequence[str], numbers: Sequence[int]) -> list[tuple[str, str]]:
        dice = self.dice
        number = min(len(known), dice.choice(numbers))
        chosen = []
        for key in dice.sample(known, number):
            usual = USUAL_PARAMETERS.get(key, ())
            chosen.append((key, dice.choice(usual) if usual and dice.random() < 0.7 else self._value()))
        return chosen

    def _value(self) -> str:
        dice = self.dice
        return dice.choice(VALUES) if dice.random() < 0.7 else str(dice.randint(-5, 2000))


def _encoded(parameters: Sequence[tuple[str, str]]) -> str:
    if not parameters:
        return ""
    return "?" + "&".join(f"{key}={quote(value, safe='', errors='replace')}" for key, value in parameters)
