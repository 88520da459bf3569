"""TLS between services: what each shows, and whom it trusts."""

import ssl
from pathlib import Path

from application.errors import StartupError
from entrypoints.bootstrap.settings import Settings

_CERTIFICATE, _KEY, _CA = "FACE_SERVICE_CERTIFICATE", "FACE_SERVICE_CERTIFICATE_KEY", "FACE_SERVICE_CA"


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
        _trust(context, settings.service_ca)
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
        _trust(context, settings.service_ca)
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


def _trust(context: ssl.SSLContext, authority: Path) -> None:
    _readable(_CA, authority)
    try:
        context.load_verify_locations(authority)
    except ssl.SSLError as error:
        raise StartupError(f"{_CA}: {authority} has no certificate, as PEM") from error


def _readable(setting: str, path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise StartupError(f"{setting}: {path} can't be read: {error.strerror}") from error
