"""Nobody gets in without a key, unless only this machine can reach the service."""

import sys
from datetime import UTC, datetime

from application.api_keys import ManageKeys
from application.audit import AuditTrail
from application.audit_notes import AuditNotes
from application.errors import StartupError
from domain.audit import DONE, AuditEvent
from entrypoints.bootstrap.settings import Settings
from entrypoints.bootstrap.storage import StorageContainer


async def require_key(container: StorageContainer) -> None:
    """Check that there is an API key where one is needed; make the first one if the operator wants that.

    Raises:
        StartupError: other machines can reach the service, and there is no key.
    """
    settings = container.settings()
    keys: ManageKeys = container.manage_keys()
    if settings.first_key:
        issued = await keys.create_first("first key")
        if issued is not None:
            trail: AuditTrail = container.audit_trail()
            event = AuditEvent(
                at=datetime.now(UTC), action="create_first_key", result=DONE, target_keys=(issued.key.id,)
            )
            trail.record(event, AuditNotes())
            await trail.written()
            # Not in the log, which is kept and copied.
            try:
                sys.stdout.write(f"The administrator's API key, shown this once: {issued.secret}\n")
                sys.stdout.flush()
            except OSError as error:
                raise StartupError(
                    f"FACE_FIRST_KEY: the key can't be shown ({error.strerror}) and is lost: make another with"
                    " `face-api keys create NAME --scope admin`"
                ) from error
    if await is_open(container):
        raise _open(
            settings,
            "there is no API key: make one with `face-api keys create NAME --scope admin`, or set"
            " FACE_FIRST_KEY=true",
        )


async def is_open(container: StorageContainer) -> bool:
    """Whether others than this machine can reach the service, need a key, and there is none."""
    settings = container.settings()
    keys: ManageKeys = container.manage_keys()
    return not (settings.local or settings.allow_anonymous or await keys.any())


def require_service_key(settings: Settings) -> None:
    """Check that a model service knows its clients where that is needed; raises as `require_key`."""
    known = settings.service_key or settings.service_ca
    if not (settings.local or settings.allow_anonymous or known):
        raise _open(settings, "there is no key between services: set FACE_SERVICE_KEY, FACE_SERVICE_CA")


def _open(settings: Settings, remedy: str) -> StartupError:
    return StartupError(
        f"FACE_HOST: other machines can reach {settings.host}, and {remedy} or FACE_ALLOW_ANONYMOUS=true."
    )
