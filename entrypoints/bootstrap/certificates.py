"""TLS to other services: what each shows, and whom it trusts, which may be renewed while it runs."""

import logging
import ssl
from collections.abc import Callable
from pathlib import Path

from adapters.gallery_index.milvus.connection import IndexAddress
from application.errors import StartupError
from entrypoints.bootstrap.settings import Settings

_CERTIFICATE, _KEY, _CA = "FACE_SERVICE_CERTIFICATE", "FACE_SERVICE_CERTIFICATE_KEY", "FACE_SERVICE_CA"

logger = logging.getLogger("face.certificates")


def renewed_server_context(settings: Settings) -> ssl.SSLContext | None:
    """As `server_context`; files that have changed hold from the next connection on.

    Raises:
        StartupError: see server_context.
    """
    latest = _Latest(server_context, settings)
    if latest.context is None:
        return None

    def choose(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = latest()

    latest.context.sni_callback = choose  # called in each handshake, whether the client names a server or not
    return latest.context


def renewed_client_context(settings: Settings) -> Callable[[], ssl.SSLContext] | None:
    """As `client_context`, to be called for each connection: files that have changed hold from the next one on.

    Raises:
        StartupError: see client_context.
    """
    latest = _Latest(client_context, settings)
    return None if latest.context is None else latest


class _Latest:
    """What the files make now, or made when they were last complete. Thread-safe."""

    def __init__(self, make: Callable[[Settings], ssl.SSLContext | None], settings: Settings) -> None:
        self._make = make
        self._settings = settings
        given = settings.service_certificate, settings.service_certificate_key, settings.service_ca
        self._files = [path for path in given if path is not None]
        self._seen = self._versions()
        self.context = make(settings)
        """None where the settings ask for none."""

    def __call__(self) -> ssl.SSLContext:
        if (versions := self._versions()) != self._seen:
            self._seen = (
                versions  # before they are read, so that what changes meanwhile is seen the next time
            )
            try:
                self.context = self._make(self._settings)
            except StartupError as error:
                logger.warning("the former certificates stay in use: %s", error)
            else:
                logger.info("certificates are read again: their files have changed")
        if self.context is None:
            raise RuntimeError("the settings ask for no certificates")
        return self.context

    def _versions(self) -> list[tuple[int, int, int] | None]:
        return [_version(path) for path in self._files]


def _version(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def server_context(settings: Settings) -> ssl.SSLContext | None:
    """Of a model service: None without a certificate, and with an authority also for clients that it has certified.

    Raises:
        StartupError: something is missing, or can't be read.
    """
    if settings.service_certificate is None and settings.service_certificate_key is None:
        if settings.service_ca is not None:
            raise StartupError(f"{_CA}: a model service needs {_CERTIFICATE} and {_KEY} as well")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _show(context, settings)
    if settings.service_ca is not None:
        _trust(context, _CA, settings.service_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(settings: Settings) -> ssl.SSLContext | None:
    """Of what asks model services: None where the settings say nothing of it.

    Raises:
        StartupError: something is missing, or can't be read; or a service's URL is not https.
    """
    given = {
        _CERTIFICATE: settings.service_certificate,
        _KEY: settings.service_certificate_key,
        _CA: settings.service_ca,
    }
    named = next((key for key, path in given.items() if path is not None), None)
    if named is None or not settings.services:
        return None
    for task, urls in settings.services.items():
        if any(not url.startswith("https://") for url in urls):
            raise StartupError(f"FACE_{task.upper()}_URL: with {named} it has to begin with https://")
    context = ssl.create_default_context()
    if settings.service_ca is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _trust(context, _CA, settings.service_ca)
    if settings.service_certificate is not None or settings.service_certificate_key is not None:
        _show(context, settings)
    return context


def _show(context: ssl.SSLContext, settings: Settings) -> None:
    certificate, key = settings.service_certificate, settings.service_certificate_key
    if certificate is None:
        raise StartupError(f"{_KEY}: {_CERTIFICATE} is missing")
    if key is None:
        raise StartupError(f"{_CERTIFICATE}: {_KEY} is missing")
    _readable(_CERTIFICATE, certificate)
    _readable(_KEY, key)
    try:
        context.load_cert_chain(certificate, key, password="")  # or OpenSSL would ask for it at the terminal
    except (ssl.SSLError, ValueError) as error:
        raise StartupError(
            f"{_CERTIFICATE}: {certificate} and {key} are no certificate and its private key without a password,"
            " as PEM"
        ) from error


def index_address(settings: Settings) -> IndexAddress:
    """Where the index is that instances share; the client would not say that it can't read the authority's file.

    Raises:
        StartupError: the file is missing, or can't be read.
    """
    address = settings.index_address
    if address.certificate is not None and address.url.startswith("https://"):
        _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), "FACE_INDEX_CA", address.certificate)
    return address


def _trust(context: ssl.SSLContext, setting: str, authority: Path) -> None:
    _readable(setting, authority)
    try:
        context.load_verify_locations(authority)
    except ssl.SSLError as error:
        raise StartupError(f"{setting}: {authority} has no certificate, as PEM") from error


def _readable(setting: str, path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise StartupError(f"{setting}: {path} can't be read: {error.strerror}") from error
