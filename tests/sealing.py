"""Encryption for tests of what uses it, with the standard library alone. It is not meant to be safe."""

import hmac
import os
from hashlib import sha256, shake_256

from typing_extensions import override

from application.ports.sealing import KEY_ID_BYTES, MARK, Kind, SealBroken, Sealing

_START = 1 + KEY_ID_BYTES


class FakeSealing(Sealing):
    """As long as the real one, and as particular about what is opened where."""

    def __init__(self, *keys: bytes) -> None:
        self._keys = {sha256(key).digest()[:KEY_ID_BYTES]: key for key in keys or (b"a key of tests",)}
        self.key_ids = tuple(self._keys)

    @override
    def seal(self, kind: Kind, context: str, content: bytes) -> bytes:
        key_id, nonce = self.key_ids[0], os.urandom(12)
        hidden = _mixed(self._keys[key_id], nonce, content)
        tag = _tag(self._keys[key_id], kind, context, nonce + hidden)
        return bytes([MARK]) + key_id + nonce + hidden + tag

    @override
    def open(self, kind: Kind, context: str, sealed: bytes) -> bytes:
        key = self._keys.get(sealed[1:_START])
        nonce, hidden, tag = sealed[_START : _START + 12], sealed[_START + 12 : -16], sealed[-16:]
        if key is None or not hmac.compare_digest(tag, _tag(key, kind, context, nonce + hidden)):
            raise SealBroken
        return _mixed(key, nonce, hidden)


ROTATED = FakeSealing(b"another key", b"a key of tests")
"""A new key before that of FakeSealing()."""


def _mixed(key: bytes, nonce: bytes, content: bytes) -> bytes:
    pad = int.from_bytes(shake_256(key + nonce).digest(len(content)))
    return (int.from_bytes(content) ^ pad).to_bytes(len(content))


def _tag(key: bytes, kind: Kind, context: str, content: bytes) -> bytes:
    return hmac.digest(key, f"{kind}|{context}|".encode() + content, sha256)[:16]
