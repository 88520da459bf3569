"""AES-256-GCM: what is sealed is opened where it belongs, and nowhere else."""

import pytest

from adapters.aes_gcm.sealing import AesGcmSealing, key_id
from application.ports.sealing import KEY_ID_BYTES, OVERHEAD, Kind, SealBroken, is_sealed

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
CONTENT = b"embedding of somebody" * 30


@pytest.fixture
def sealing() -> AesGcmSealing:
    return AesGcmSealing([OLD])


@pytest.mark.parametrize("content", [b"", b"1", CONTENT])
def test_what_was_sealed_is_opened(sealing: AesGcmSealing, content: bytes) -> None:
    sealed = sealing.seal(Kind.EMBEDDING, "face 1", content)
    assert len(sealed) == len(content) + OVERHEAD
    assert is_sealed(sealed)
    assert sealed[1 : 1 + KEY_ID_BYTES] == key_id(OLD) == sealing.key_ids[0]
    assert sealing.open(Kind.EMBEDDING, "face 1", sealed) == content


def test_nothing_of_the_content_or_the_key_is_seen(sealing: AesGcmSealing) -> None:
    sealed = sealing.seal(Kind.EMBEDDING, "face 1", CONTENT)
    for secret in (CONTENT, OLD):
        assert not any(secret[start : start + 4] in sealed for start in range(len(secret) - 3))


def test_no_nonce_is_used_twice(sealing: AesGcmSealing) -> None:
    sealed = {sealing.seal(Kind.EMBEDDING, "face 1", CONTENT)[5:17] for _ in range(10_000)}
    assert len(sealed) == 10_000


@pytest.mark.parametrize("place", range(0, OVERHEAD + 8, 3))
def test_a_changed_bit_is_noticed_wherever_it_is(sealing: AesGcmSealing, place: int) -> None:
    sealed = bytearray(sealing.seal(Kind.CROP, "face 1", b"12345678"))
    sealed[place] ^= 1
    with pytest.raises(SealBroken):
        sealing.open(Kind.CROP, "face 1", bytes(sealed))


@pytest.mark.parametrize("length", [0, 1, 5, OVERHEAD - 1, OVERHEAD])
def test_what_is_cut_off_is_noticed(sealing: AesGcmSealing, length: int) -> None:
    sealed = sealing.seal(Kind.CROP, "face 1", b"12345678")
    with pytest.raises(SealBroken):
        sealing.open(Kind.CROP, "face 1", sealed[:length])


@pytest.mark.parametrize(("kind", "context"), [(Kind.CROP, "face 1"), (Kind.EMBEDDING, "face 2")])
def test_what_is_moved_elsewhere_is_noticed(sealing: AesGcmSealing, kind: Kind, context: str) -> None:
    sealed = sealing.seal(Kind.EMBEDDING, "face 1", CONTENT)
    with pytest.raises(SealBroken):
        sealing.open(kind, context, sealed)


def test_another_key_opens_nothing(sealing: AesGcmSealing) -> None:
    with pytest.raises(SealBroken):
        AesGcmSealing([NEW]).open(Kind.CROP, "", sealing.seal(Kind.CROP, "", CONTENT))


def test_the_first_key_seals_and_the_others_open(sealing: AesGcmSealing) -> None:
    both = AesGcmSealing([NEW, OLD])
    assert both.open(Kind.CROP, "", sealing.seal(Kind.CROP, "", CONTENT)) == CONTENT
    sealed = both.seal(Kind.CROP, "", CONTENT)
    assert AesGcmSealing([NEW]).open(Kind.CROP, "", sealed) == CONTENT
    with pytest.raises(SealBroken):
        sealing.open(Kind.CROP, "", sealed)


def test_a_key_under_the_id_of_another_opens_nothing(sealing: AesGcmSealing) -> None:
    sealed = sealing.seal(Kind.CROP, "", CONTENT)
    with pytest.raises(SealBroken):
        AesGcmSealing([NEW]).open(Kind.CROP, "", sealed[:1] + key_id(NEW) + sealed[5:])
