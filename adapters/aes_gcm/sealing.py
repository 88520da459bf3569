"""AES-256-GCM (NIST SP 800-38D) with random nonces of 96 bits.

A key must not seal more than 2^32 contents: rotate it before.
"""

import hmac
import os
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typing_extensions import override

from application.ports.sealing import KEY_ID_BYTES, MARK, OVERHEAD, Kind, SealBroken, Sealing

KEY_BYTES = 32
_NONCE_BYTES = 12
_HEADER_BYTES = 1 + KEY_ID_BYTES


class AesGcmSealing(Sealing):
    """A mark, the key's id, the nonce, the ciphertext and the tag; the first two are authenticated, too."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys`: of KEY_BYTES each; the first one seals."""
        self._ciphers = {key_id(key): AESGCM(key) for key in keys}
        self.key_ids = tuple(self._ciphers)
        self._header = bytes([MARK]) + self.key_ids[0]
        self._first = self._ciphers[self.key_ids[0]]

    @override
    def seal(self, kind: Kind, context: str, content: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._first.encrypt(nonce, content, _associated(self._header, kind, context))
        return self._header + nonce + sealed

    @override
    def open(self, kind: Kind, context: str, sealed: bytes) -> bytes:
        header, nonce = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        cipher = self._ciphers.get(header[1:])
        if len(sealed) < OVERHEAD or header[0] != MARK or cipher is None:
            raise SealBroken
        content = sealed[_HEADER_BYTES + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, content, _associated(header, kind, context))
        except InvalidTag:
            raise SealBroken from None


def key_id(key: bytes) -> bytes:
    """The name of a key in what it has sealed."""
    return hmac.digest(key, b"face-api key id", sha256)[:KEY_ID_BYTES]


def _associated(header: bytes, kind: Kind, context: str) -> bytes:
    return header + f"{kind}\n{context}".encode()
