"""What is said of certificates between services that can't be used."""

import ssl
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from application.errors import StartupError
from entrypoints.bootstrap.certificates import (
    client_context,
    index_address,
    renewed_client_context,
    renewed_server_context,
    server_context,
)
from entrypoints.bootstrap.settings import Settings
from tests.certificates import Authority, needs_openssl

URLS = {"detection_url": ["https://detection:5001"]}
Contexts = Callable[[Settings], ssl.SSLContext | None]


def settings(**given: object) -> Settings:
    return Settings(**{**URLS, **given})  # type: ignore[arg-type]


def test_without_any_there_is_no_context() -> None:
    assert server_context(settings()) is None
    assert client_context(settings()) is None


@pytest.mark.parametrize("context", [server_context, client_context])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"service_certificate": "a"}, "FACE_SERVICE_CERTIFICATE: FACE_SERVICE_CERTIFICATE_KEY is missing"),
        (
            {"service_certificate_key": "a"},
            "FACE_SERVICE_CERTIFICATE_KEY: FACE_SERVICE_CERTIFICATE is missing",
        ),
        (
            {"service_certificate": "nowhere", "service_certificate_key": "nowhere"},
            "FACE_SERVICE_CERTIFICATE: .*nowhere can't be read: No such file",
        ),
        (
            {"service_certificate": "a", "service_certificate_key": "."},
            "FACE_SERVICE_CERTIFICATE_KEY: .*directory",
        ),
        (
            {"service_certificate": "a", "service_certificate_key": "a"},
            "FACE_SERVICE_CERTIFICATE: .*no certificate",
        ),
    ],
)
def test_what_is_missing_or_wrong_is_said(
    tmp_path: Path, context: Contexts, given: dict[str, str], said: str
) -> None:
    (tmp_path / "a").write_text("no certificate")
    with pytest.raises(StartupError, match=said) as refused:
        context(settings(**{name: tmp_path / file for name, file in given.items()}))
    assert "\n" not in str(refused.value)


@needs_openssl
def test_authorities_and_keys_that_are_none(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.certify("service")
    (tmp_path / "empty").write_text("")
    shown = {"service_certificate": certificate, "service_certificate_key": key}
    for context in (server_context, client_context):
        with pytest.raises(StartupError, match=r"FACE_SERVICE_CA: .*empty has no certificate"):
            context(settings(**shown, service_ca=tmp_path / "empty"))
        with pytest.raises(StartupError, match="without a password"):
            context(settings(**{**shown, "service_certificate_key": authority.locked(key)}))
        with pytest.raises(StartupError, match="no certificate and its private key"):
            context(settings(**{**shown, "service_certificate_key": authority.certify("other")[1]}))
    with pytest.raises(StartupError, match="FACE_SERVICE_CA: a model service needs FACE_SERVICE_CERTIFICATE"):
        server_context(settings(service_ca=authority.certificate))


@needs_openssl
def test_addresses_without_tls_are_refused_where_there_are_certificates(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    given = settings(service_ca=authority.certificate, recognition_url=["https://a", "http://b"])
    with pytest.raises(StartupError, match=r"FACE_RECOGNITION_URL: with FACE_SERVICE_CA .*https://"):
        client_context(given)
    assert client_context(Settings(service_ca=authority.certificate)) is None


@needs_openssl
@pytest.mark.parametrize(("content", "said"), [(None, "can't be read"), ("none", "has no certificate")])
def test_the_authority_of_the_shared_index_is_read_at_the_start(
    tmp_path: Path, content: str | None, said: str
) -> None:
    authority = tmp_path / "authority.pem"
    if content is not None:
        authority.write_text(content)
    with pytest.raises(StartupError, match=f"^FACE_INDEX_CA: {authority} {said}"):
        index_address(Settings(index_url="https://milvus:19530", index_ca=authority))
    plain = index_address(Settings(index_url="http://milvus:19530", index_ca=authority))
    assert plain.url == "http://milvus:19530"  # it isn't used there


def test_clients_are_asked_for_a_certificate_by_those_who_know_an_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.certify("service")
    shown = {"service_certificate": certificate, "service_certificate_key": key}
    for given, mode in (({}, ssl.CERT_NONE), ({"service_ca": authority.certificate}, ssl.CERT_REQUIRED)):
        context = server_context(settings(**shown, **given))
        assert context is not None
        assert context.verify_mode == mode
        asking = client_context(settings(**shown, **given))
        assert asking is not None
        assert asking.verify_mode == ssl.CERT_REQUIRED
        assert asking.check_hostname


def shown(server: ssl.SSLContext, client: ssl.SSLContext) -> tuple[bytes | None, bytes | None]:
    """The certificates, DER, that a server and a client show each other."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    answering = server.wrap_bio(up, down, server_side=True)
    asking = client.wrap_bio(down, up, server_hostname="127.0.0.1")
    for each in (asking, answering) * 3:
        with suppress(ssl.SSLWantReadError):
            each.do_handshake()
    return asking.getpeercert(binary_form=True), answering.getpeercert(binary_form=True)


def der(certificate: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate.read_text())


@needs_openssl
def test_renewed_certificates_are_shown_from_the_next_connection_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    former, later = Authority(tmp_path, "former"), Authority(tmp_path, "later")
    certificate, key = former.certify("service")
    given = settings(
        service_certificate=certificate, service_certificate_key=key, service_ca=former.certificate
    )
    server, client = renewed_server_context(given), renewed_client_context(given)
    assert server is not None
    assert client is not None
    assert shown(server, client()) == (der(certificate), der(certificate))
    # The same authority renews it.
    former.certify("service")
    assert shown(server, client()) == (der(certificate), der(certificate))
    renewed = der(certificate)
    # Another one does, a file after the other: until all have come, the former ones hold.
    new_certificate, new_key = later.certify("service")
    for path, content in ((certificate, new_certificate), (key, new_key)):
        assert shown(server, client()) == (renewed, renewed)
        path.write_bytes(content.read_bytes())
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        shown(server, client())
    former.certificate.write_bytes(later.certificate.read_bytes())
    assert shown(server, client()) == (der(new_certificate), der(new_certificate))
    key.unlink()
    assert shown(server, client()) == (der(new_certificate), der(new_certificate))
    assert "the former certificates stay in use: FACE_SERVICE_CERTIFICATE_KEY: " in caplog.text


@needs_openssl
def test_an_authority_that_is_replaced_is_trusted_no_longer(tmp_path: Path) -> None:
    former, later = Authority(tmp_path, "former"), Authority(tmp_path, "later")
    certificate, key = later.certify("service")
    ours = settings(
        service_certificate=certificate, service_certificate_key=key, service_ca=former.certificate
    )
    server = renewed_server_context(ours)
    assert server is not None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(later.certificate)
    made.load_cert_chain(*former.certify("client"))
    assert shown(server, made)[1] is not None
    former.certificate.write_bytes(later.certificate.read_bytes())
    with pytest.raises(ssl.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        shown(server, made)
