"""The account that runs the server: PostgreSQL refuses to run as root, and no account is created for it."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from application.errors import StartupError

_CANDIDATES = ("postgres", "nobody")
"""Root uses the first that exists; `nobody`, which other programs share, is the last resort."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user of the operating system."""

    name: str
    uid: int
    gid: int


def service_account() -> Account:
    """The account of this process, the only one that may connect to the server.

    Raises:
        StartupError: it has no name, and peer authentication goes by names.
    """
    uid = os.geteuid()
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise StartupError(
            f"The user id {uid} has no name on this machine, which the embedded PostgreSQL needs:"
            " add it to /etc/passwd, or set FACE_DATABASE_URL to another server."
        ) from None
    return Account(entry.pw_name, uid, entry.pw_gid)


def server_account(service: Account, cluster: Path) -> Account:
    """The account that owns the cluster and runs its server.

    Raises:
        StartupError: the cluster belongs to somebody else, or to root.
    """
    owner = cluster.stat() if cluster.exists() else None
    if service.uid != 0:
        if owner is not None and owner.st_uid != service.uid:
            raise StartupError(
                f"{cluster} belongs to {account_name(owner.st_uid)}, and the service runs as {service.name}:"
                " run it as the owner, or change the owner."
            )
        return service
    if owner is None:
        return _unprivileged()
    if owner.st_uid == 0:
        raise StartupError(
            f"{cluster} belongs to root, as whom PostgreSQL does not run:"
            f" chown -R {_unprivileged().name} {cluster}"
        )
    return Account(account_name(owner.st_uid), owner.st_uid, owner.st_gid)


def _unprivileged() -> Account:
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StartupError(
        "PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody':"
        " run the service as an ordinary user."
    )


def account_name(uid: int) -> str:
    """The account's name, or its number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
