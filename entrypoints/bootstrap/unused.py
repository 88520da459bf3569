"""Settings that are given and have no effect, on which operators may rely."""

from collections.abc import Iterator

import msgspec

from entrypoints.bootstrap.settings import PREFIX, Settings


def unused_settings(settings: Settings) -> Iterator[str]:
    """A line for each setting that the API has been given in vain."""
    url = settings.index_url
    services = (
        "service_key",
        "service_certificate",
        "service_certificate_key",
        "service_ca",
        "service_timeout_s",
    )
    conditions = [
        (settings.services, "no model service is set (FACE_DETECTION_URL), and the API has no TLS", services),
        (url, "FACE_INDEX_URL is not set", ("index_token", "index_ca", "index_type", "index_fallback_faces")),
        (url.startswith("https://"), "FACE_INDEX_URL does not begin with https://", ("index_ca",)),
        (url.startswith("http"), "FACE_INDEX_URL is a folder", ("index_token",)),
        (settings.database_url != "memory", "FACE_DATABASE_URL is memory", ("index_url",)),
    ]
    defaults = {field.name: field.default for field in msgspec.structs.fields(Settings)}
    told = set()
    for met, reason, names in conditions:
        for name in names:
            if not met and name not in told and getattr(settings, name) != defaults[name]:
                told.add(name)
                yield f"{PREFIX}{name.upper()} has no effect: {reason}"
